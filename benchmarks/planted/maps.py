"""Maps: removing the marked tenth against a random tenth, and whether the hottest point lies on the object."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sets import read

BACKBONE = "torchvision_mobilenet_v2"
IMAGE_SETS, TEXT_SETS = ("flowers", "vehicles"), ("sms_spam", "rotten_tomatoes")
METHODS = {"image": ("grad_cam", "integrated_gradients"), "text": ("integrated_gradients",)}
INPUTS = {"image": 30, "text": 60}
"""Test inputs that are explained, drawn anew for each seed."""

SHUFFLED = 5
"""Of those, how many the map is compared for with the maps of shuffled weights, which costs five maps each."""

ROWS = 1500
OTHERS = "pacs_photo_sketch/photo/train"
"""There is no set of raccoons and other things: raccoons are told from the seven classes of these photos."""


def measure(data: Path, backbones: Path, seeds: int) -> Iterator[dict[str, Any]]:
    """For each set and method: how much further the prediction falls; and for raccoons the share of hits."""
    for name in (*IMAGE_SETS, *TEXT_SETS):
        for seed in range(seeds):
            for figure, value, must in _removed(name, data, backbones, seed):
                yield _row("removal", name, seed, figure, value, must)
    for seed in range(seeds):
        for figure, value, must in _pointed(data, backbones, seed):
            yield _row("object in a box", "raccoon", seed, figure, value, must)


def _row(planted: str, name: str, seed: int, figure: str, value: float, must: str | None) -> dict[str, Any]:
    return {"planted": f"maps: {planted}", "set": name, "seed": seed, "figure": figure, "value": value, "must": must}


def _removed(name: str, data: Path, backbones: Path, seed: int) -> Iterator[tuple[str, float, str | None]]:
    """The mean fall without the marked tenth over the mean fall without a random one, over all inputs.

    The ratio of means, since the ratio of an input whose prediction nothing moves says nothing.
    """
    import headstart

    whole = read(name, data, ROWS, 0, seed)
    backbone = str((backbones / BACKBONE).resolve()) if whole.modality == "image" else None
    model = headstart.fit(
        (whole.train.inputs, whole.train.labels), backbone=backbone, strategy="feature_extraction", seed=seed,
        quiet=True, test_share=0.0,
    )  # fmt: skip
    drawn = np.random.default_rng(seed).permutation(len(whole.test))[: INPUTS[whole.modality]]
    inputs = [whole.test.inputs[i] for i in drawn]
    for method in METHODS[whole.modality]:
        falls, correlations = _checked(model, inputs, method, seed)
        marked, random = falls.mean(axis=0)
        yield f"{method}, marked / random", float(marked / max(random, 1e-9)), ">= 2"
        low, high = _interval(falls)
        yield f"{method}, lower end (95 %)", low, None
        yield f"{method}, upper end (95 %)", high, None
        yield f"{method}, fall without marked", float(marked), None
        yield f"{method}, fall without random", float(random), None
        yield f"{method}, shuffled weights", float(np.mean(correlations)), "< 0.5"


def _checked(model: Any, inputs: Sequence[str], method: str, seed: int) -> tuple[np.ndarray, list[float]]:
    """Falls (n, 2) without the marked and a random tenth, and rank correlations with shuffled weights' maps."""
    from headstart.explanations import EXPLANATIONS, questions
    from headstart.explanations._removal import falls

    plugin, found, correlations = EXPLANATIONS.load(method)(), [], []
    for place, asked in enumerate(questions(model, list(inputs))):
        if asked.parts.count < 3:
            continue
        explained = plugin.explain(asked)
        fell = falls(asked, asked.parts.scores(explained.map), seed)
        found.append((fell.marked, fell.random.mean()))
        if place < SHUFFLED:
            checks = {check.name: check.value.value for check in plugin.checks(asked, explained, seed)}
            correlations.append(checks["randomisation"])
    return np.array(found), [value for value in correlations if value == value]


def _interval(falls: np.ndarray) -> tuple[float, float]:
    """Over resampled inputs."""
    draws = np.random.default_rng(0).integers(0, len(falls), (2000, len(falls)))
    marked, random = falls[draws].mean(axis=1).T
    low, high = np.quantile(np.where(random > 0, marked / np.maximum(random, 1e-9), np.inf), [0.025, 0.975])
    return float(low), float(high)


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
        for method in METHODS["image"]:
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
