"""Which folders hold a pretrained segmenter, told by their files without loading torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from headstart.backbones._tensor_header import tensor_shapes


class Kind(NamedTuple):
    """A family of segmenters in transformers.

    Attributes
    ----------
    model : the name of its class. head : how the names of its own weights begin, which no classifier has.
    """

    model: str
    head: str


KINDS = {
    "mobilenet_v2": Kind("MobileNetV2ForSemanticSegmentation", "segmentation_head."),
}
"""By ``model_type`` of config.json."""


def kind_of(folder: Path, config: Mapping[str, Any]) -> Kind | None:
    """The family of the segmenter in `folder`; None where it holds another model.

    A configuration without ``architectures`` leaves open what is under the trunk; the names of the weights tell.
    """
    kind = KINDS.get(str(config.get("model_type")))
    if kind is None:
        return None
    if named := config.get("architectures"):
        return kind if kind.model in named else None
    return kind if any(name.startswith(kind.head) for name in tensor_shapes(folder / "model.safetensors")) else None
