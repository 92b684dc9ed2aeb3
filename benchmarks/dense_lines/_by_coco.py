"""What pycocotools says of boxes that were found."""

from __future__ import annotations

import contextlib
import importlib.util
import io
from typing import Any

import numpy as np
from torch import Tensor

from headstart.tasks.shapes import box_encoding

IN_COCO = {"map": 0, "map50": 1}
"""Places of our figures in ``COCOeval.stats``."""


def installed() -> bool:
    """Whether it can be asked."""
    return importlib.util.find_spec("pycocotools") is not None


def judged(found: Tensor, encoded: Tensor, classes: int) -> dict[str, float]:
    """``map`` and ``map50`` of boxes (N, K, 6) against those that are `encoded`, by pycocotools."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    detections, truths = box_encoding.detections(found, encoded), box_encoding.truths(encoded)
    results = [
        {**box, "score": score}
        for number, each in enumerate(detections, 1)
        for box, score in zip(_written(each.corners, each.labels, number), each.scores.tolist(), strict=True)
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = _dataset(truths, classes)
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return {name: float(evaluation.stats[place]) for name, place in IN_COCO.items()}


def _dataset(truths: list[Any], classes: int) -> dict[str, Any]:
    boxes = [
        {**box, "iscrowd": int(crowd)}
        for number, each in enumerate(truths, 1)
        for box, crowd in zip(_written(each.corners, each.labels, number), each.crowd, strict=True)
    ]
    return {
        "images": [{"id": number} for number in range(1, len(truths) + 1)],
        "categories": [{"id": number} for number in range(1, classes + 1)],
        "annotations": [{**box, "id": number} for number, box in enumerate(boxes, 1)],
    }


def _written(corners: np.ndarray, labels: np.ndarray, picture: int) -> list[dict[str, Any]]:
    return [
        {
            "image_id": picture,
            "category_id": int(label) + 1,
            "bbox": [left, top, right - left, bottom - top],
            "area": (right - left) * (bottom - top),
        }
        for (left, top, right, bottom), label in zip(corners.tolist(), labels, strict=True)
    ]
