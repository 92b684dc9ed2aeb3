"""Which detectors there are, and which files are one's though nothing says so; importable without torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headstart.backbones.folders.coco_names import COCO
from headstart.backbones.folders.set_detector_kinds import box_classes, set_kind
from headstart.backbones.folders.tensor_header import tensor_shapes
from headstart.backbones.folders.yolo_names import classes_of, of_ultralytics

OWN = "ssd300_mobilenet_v1"
"""An SSD on MobileNetV1 that no library has."""

_OWN_WEIGHTS = ("backbone.body.0.0.weight", "backbone.body.26.0.weight", "backbone.extra.3.1.0.weight")
_OWN_CLASSES, _OWN_BOXES = "head.classification_head.module_list.0.bias", 3
_WIDTH = 32


def column_names(columns: int, given: Any = None) -> tuple[str, ...]:
    """What each of the `columns` of a class predictor stands for: as `given`, or as COCO has them; else unknown.

    The first is the background's in all of torchvision's detectors.
    """
    names = ["", *COCO] if columns == len(COCO) + 1 else [""] * columns
    if isinstance(given, list) and len(given) in (columns, columns - 1):
        names = [""] * (columns - len(given)) + [str(name) for name in given]
    return tuple("" if name.strip("_").lower() in ("background", "n/a") else name for name in names)


def unsaid_config(file: Path) -> dict[str, Any] | None:
    """What ``config.json`` would say of the weights in `file`, where their names and shapes are those of `OWN`."""
    shapes = tensor_shapes(file)
    if not {*_OWN_WEIGHTS, _OWN_CLASSES} <= set(shapes):
        return None
    width = shapes[_OWN_WEIGHTS[0]][0] / _WIDTH
    classes = shapes[_OWN_CLASSES][0] // _OWN_BOXES
    arguments = {"width": width}
    return {"library": "torchvision", "architecture": OWN, "model_args": arguments, "num_classes": classes}


# name, weights, box map of COCO's val2017 as published; all BSD-3 and pretrained on COCO
LISTED = (
    ("fasterrcnn_resnet50_fpn_v2", 43_712_278, 46.7),
    ("retinanet_resnet50_fpn_v2", 38_198_935, 41.5),
    ("fcos_resnet50_fpn", 32_269_600, 39.2),
    ("fasterrcnn_resnet50_fpn", 41_755_286, 37.0),
    ("retinanet_resnet50_fpn", 34_014_999, 36.4),
    ("fasterrcnn_mobilenet_v3_large_fpn", 19_386_354, 32.8),
    ("ssd300_vgg16", 35_641_826, 25.1),
    ("fasterrcnn_mobilenet_v3_large_320_fpn", 19_386_354, 22.8),
    ("ssdlite320_mobilenet_v3_large", 3_440_060, 21.3),
    ("maskrcnn_resnet50_fpn_v2", 46_359_409, 47.4),
    ("maskrcnn_resnet50_fpn", 44_401_393, 37.9),
)

DETECTORS = (OWN, *(name for name, _, _ in LISTED))


def finds_boxes(config: Mapping[str, Any]) -> bool:
    """Whether a folder with this ``config.json`` holds a detector that is read here."""
    return config.get("architecture") in DETECTORS or set_kind(config) is not None or of_ultralytics(config)


def count_classes(config: Mapping[str, Any]) -> int:
    """How many classes the detector of this ``config.json`` tells apart; 0 where it does not say."""
    if of_ultralytics(config):
        return len(classes_of(config))
    return box_classes(config) if set_kind(config) else int(config.get("num_classes") or 1) - 1
