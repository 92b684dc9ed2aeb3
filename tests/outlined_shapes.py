"""Discs and triangles on grey noise, outlined in COCO JSON: what a mask network can learn in a few seconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from headstart.core.outlines import compressed, run_lengths

SIDE = 128
COLOURS = {"disc": (220, 40, 40), "triangle": (40, 60, 220)}


def polygon_of(kind: str, x: int, y: int, side: int) -> list[float]:
    """x, y, x, y, … of a shape in a square with this corner."""
    if kind == "triangle":
        return [x, y + side, x + side, y + side, x + side / 2, y]
    turns = np.linspace(0, 2 * np.pi, 33)[:-1]
    middle = np.stack([x + side / 2 * (1 + np.cos(turns)), y + side / 2 * (1 + np.sin(turns))], axis=1)
    return middle.ravel().round(2).tolist()


def bitmap_of(polygon: list[float]) -> np.ndarray:
    """(SIDE, SIDE) booleans: pixels whose middle lies in a convex polygon."""
    x, y = np.meshgrid(np.arange(SIDE) + 0.5, np.arange(SIDE) + 0.5)
    points = np.array(polygon).reshape(-1, 2)
    sides = [
        (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])
        for a, b in zip(points, np.roll(points, -1, 0), strict=True)
    ]
    return np.logical_or(np.all([s >= 0 for s in sides], axis=0), np.all([s <= 0 for s in sides], axis=0))


def outlined(bitmap: np.ndarray, polygon: list[float], form: int) -> Any:
    """A shape as a polygon, as run lengths, or as these compressed."""
    runs = {"size": [SIDE, SIDE], "counts": run_lengths(bitmap)}
    return [[polygon], runs, {**runs, "counts": compressed(runs["counts"])}][form % 3]


def shapes(root: Path, pictures: int, seed: int) -> Path:
    """One to three shapes a picture, in all forms that COCO has, for train and test."""
    random = np.random.default_rng(seed)
    (root / "annotations").mkdir(parents=True)
    for split, count in (("train", pictures), ("test", pictures // 2)):
        images, annotations = [], []
        (root / split).mkdir()
        for number in range(1, count + 1):
            picture = Image.fromarray(random.integers(90, 160, (SIDE, SIDE, 3), np.uint8))
            for corner in range(random.integers(1, 4)):
                side, kind = int(random.integers(30, 56)), list(COLOURS)[random.integers(2)]
                x, y = (int(v) + 64 * (corner >> k & 1) for k, v in enumerate(random.integers(0, 64 - side + 1, 2)))
                polygon = polygon_of(kind, x, y, side)
                bitmap = bitmap_of(polygon)
                stamp = Image.fromarray(bitmap.astype(np.uint8) * 255)
                picture.paste(Image.new("RGB", picture.size, COLOURS[kind]), (0, 0), stamp)
                shape = {"bbox": [x, y, side, side], "segmentation": outlined(bitmap, polygon, len(annotations))}
                own = {"image_id": number, "category_id": 1 + list(COLOURS).index(kind), "iscrowd": 0}
                annotations.append({"id": len(annotations) + 1, "area": int(bitmap.sum()), **own, **shape})
            picture.save(root / split / f"{number}.png")
            images.append({"id": number, "file_name": f"{number}.png", "width": SIDE, "height": SIDE})
        categories = [{"id": i + 1, "name": name} for i, name in enumerate(COLOURS)]
        content = {"images": images, "annotations": annotations, "categories": categories}
        (root / "annotations" / f"instances_{split}.json").write_text(json.dumps(content))
    return root
