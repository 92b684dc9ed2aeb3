"""Which folders hold a pretrained segmenter, told by their files without loading torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from headstart.backbones.folders.tensor_header import tensor_shapes


class Kind(NamedTuple):
    """A family of segmenters in transformers.

    Attributes
    ----------
    model : the name of its class. head : how the names of its own weights begin, which no classifier has.
    """

    model: str
    head: str


_PIXELS = "model.pixel_level_module."

KINDS = {
    "mobilenet_v2": Kind("MobileNetV2ForSemanticSegmentation", "segmentation_head."),
    "segformer": Kind("SegformerForSemanticSegmentation", "decode_head."),
    "maskformer": Kind("MaskFormerForInstanceSegmentation", _PIXELS),
    "mask2former": Kind("Mask2FormerForUniversalSegmentation", _PIXELS),
    "upernet": Kind("UperNetForSemanticSegmentation", "decode_head."),
}
"""By ``model_type`` of config.json."""

TORCHVISION = {
    "deeplabv3_mobilenet_v3_large": 11_029_328,
    "deeplabv3_resnet50": 42_004_074,
    "deeplabv3_resnet101": 60_996_202,
    "fcn_resnet50": 35_322_218,
    "fcn_resnet101": 54_314_346,
    "lraspp_mobilenet_v3_large": 3_221_538,
}
"""torchvision's names, and how many weights they have; all BSD-3, and pretrained on COCO with the classes of VOC."""

VOC_CLASSES = 21


def mask_classes(folder: Path, config: Mapping[str, Any]) -> int | None:
    """How many classes the segmenter in `folder` was pretrained to tell apart; None where it holds another model."""
    if config.get("architecture") in TORCHVISION:
        return int(config.get("num_classes") or VOC_CLASSES)
    return len(config.get("id2label") or {}) if kind_of(folder, config) else None


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
