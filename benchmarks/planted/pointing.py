"""Pointing: whether the hottest point of a map lies in the box around the only object of a photo."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from planted._models import BACKBONE

METHODS = ("grad_cam", "integrated_gradients")
OTHERS = "pacs_photo_sketch/photo/train"
"""There is no set of raccoons and other things: raccoons are told from the seven classes of these photos."""


def measure(data: Path, backbones: Path, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """For each seed the share of test photos where the hottest point is a hit; by chance, and of the middle, too."""
    for seed in seeds:
        for figure, value, must in _pointed(data, backbones, seed):
            yield {
                "planted": "maps: object in a box", "set": "raccoon", "seed": seed, "figure": figure, "value": value,
                "must": must,
            }  # fmt: skip


def _pointed(data: Path, backbones: Path, seed: int) -> Iterator[tuple[str, float, str | None]]:
    """The pointing game (Zhang et al. 2018, arXiv:1608.00507) on test photos with one raccoon."""
    import headstart
    from headstart.explanations import EXPLANATIONS, questions

    inputs, labels = _raccoons_and_others(data)
    model = headstart.fit(
        (inputs, labels), backbone=str((backbones / BACKBONE).resolve()), strategy="feature_extraction", seed=seed,
        quiet=True, test_share=0.0,
    )  # fmt: skip
    boxes = _single_boxes(data / "raccoon", "test")
    hits: dict[str, list[float]] = {"by chance": [], "middle of the picture": []}
    for path, asked in zip(boxes, questions(model, list(boxes), label="raccoon"), strict=True):
        box, size = boxes[path]
        left, top, right, bottom = asked.parts.seen(size)
        hits["by chance"].append(_overlap(box, (left, top, right, bottom)) / ((right - left) * (bottom - top)))
        hits["middle of the picture"].append(_inside(box, (left + right) / 2, (top + bottom) / 2))
        for method in METHODS:
            heat = asked.parts.on_original(EXPLANATIONS.load(method)().explain(asked).map, size)
            y, x = np.unravel_index(np.nanargmax(heat), heat.shape)
            hits.setdefault(method, []).append(_inside(box, float(x), float(y)))
    yield "photos", float(len(boxes)), None
    for name, values in hits.items():
        # One method that points is enough; the map that a person is shown first is the one that must.
        yield f"hottest point in the box, {name}", float(np.mean(values)), ">= 0.75" if name == "grad_cam" else None


Box = tuple[float, float, float, float]


def _raccoons_and_others(data: Path) -> tuple[list[str], list[str]]:
    raccoons = sorted((data / "raccoon" / "images" / "train").resolve().glob("*.jpg"))
    others = sorted(path for path in (data / OTHERS).resolve().glob("*/*") if path.is_file())
    labels = ["raccoon"] * len(raccoons) + [path.parent.name for path in others]
    return [str(path) for path in (*raccoons, *others)], labels


def _single_boxes(folder: Path, split: str) -> dict[str, tuple[Box, tuple[int, int]]]:
    """Path → left, top, right, bottom of its only box; and (width, height)."""
    coco = json.loads((folder / "annotations" / f"instances_{split}.json").read_text(encoding="utf-8"))
    held: dict[int, list[list[float]]] = {}
    for annotation in coco["annotations"]:
        held.setdefault(annotation["image_id"], []).append(annotation["bbox"])
    found = {}
    for image in coco["images"]:
        if len(held.get(image["id"], [])) == 1:
            x, y, width, height = held[image["id"]][0]
            path = str((folder / "images" / split / image["file_name"]).resolve())
            found[path] = ((x, y, x + width, y + height), (image["width"], image["height"]))
    return found


def _inside(box: Box, x: float, y: float) -> float:
    return float(box[0] <= x <= box[2] and box[1] <= y <= box[3])


def _overlap(a: Box, b: Box) -> float:
    """The area that two boxes share."""
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(0.0, wide) * max(0.0, high)
