"""Miniatures of transformers' detectors that predict sets, as the folders that hold them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from headstart.backbones.detectors.transformers import miniature
from headstart.backbones.folders.set_detector_kinds import KINDS
from headstart.backbones.folders.transformers_networks import make_config
from kept_folders import kept
from segmenter_folders import rescale

NAMES = ["person", "bicycle", "N/A", "traffic light"]
"""Of the columns of its class predictor; the third is no class."""

SIDE = 96
"""Pixels of the pictures that it takes where it takes one size."""


def set_detector(folder: Path, kind: str, names: Sequence[str] = NAMES, **config: Any) -> Any:
    """A model of transformers with random weights, as ``save_pretrained`` writes it, with its processor's file."""
    import transformers

    places = {name: place for place, name in enumerate(names)}
    plain = miniature(kind, id2label={str(place): name for name, place in places.items()}, label2id=places, **config)
    size = {"shortest_edge": 96, "longest_edge": 160} if kind == "yolos" else {"height": SIDE, "width": SIDE}
    settings = {"do_normalize": kind == "yolos", "size": size, "rescale_factor": 1 / 255, "resample": 2}

    def make(place: Path) -> Any:
        model = getattr(transformers, KINDS[kind])(make_config(plain, kind)).eval()
        livened(model)
        model.save_pretrained(place)
        (place / "preprocessor_config.json").write_text(json.dumps(settings), encoding="utf-8")
        return model

    return kept(folder, ("set detector", kind, plain), make)


def livened(model: nn.Module) -> None:
    """Give it weights that keep the scale of what passes, and answers that differ from query to query."""
    rescale(model)
    for name, value in [*model.named_parameters(), *model.named_buffers()]:
        if ("norm" in name and name.endswith("weight")) or name.endswith("running_var"):
            nn.init.ones_(value)
        elif "position_embeddings" in name or "detection_tokens" in name or "cls_token" in name:
            nn.init.normal_(value)
