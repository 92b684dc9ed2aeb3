"""Which folders hold a detector of transformers that predicts a set of boxes, told without loading torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KINDS = {
    "yolos": "YolosForObjectDetection",
    "rt_detr": "RTDetrForObjectDetection",
    "rt_detr_v2": "RTDetrV2ForObjectDetection",
    "d_fine": "DFineForObjectDetection",
}
"""Names of the classes of transformers, by ``model_type`` of config.json."""


def set_kind(config: Mapping[str, Any]) -> str | None:
    """The ``model_type`` of the detector that `config` is of; None where it is of another model."""
    kind = str(config.get("model_type"))
    named = config.get("architectures") or [KINDS.get(kind)]
    return kind if kind in KINDS and isinstance(named, list) and KINDS[kind] in named else None


def class_names(config: Mapping[str, Any]) -> list[str]:
    """What each column of the class predictor stands for, as ``id2label`` has it; empty for no class."""
    written = config.get("id2label")
    stated = written.items() if isinstance(written, Mapping) else ()
    given = {int(place): str(name) for place, name in stated if str(place).isdigit()}
    names = [given.get(place, "") for place in range(max(given, default=-1) + 1)]
    return ["" if name.strip().lower() in ("n/a", "none") else name for name in names]


def box_classes(config: Mapping[str, Any]) -> int:
    """How many classes it tells apart; 0 where the configuration does not say."""
    return sum(map(bool, class_names(config))) or int(config.get("num_labels") or 0)
