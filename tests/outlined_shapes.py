"""Discs and triangles on grey noise, outlined in COCO JSON: what a mask network can learn in a few seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from coloured_objects import SIDE, objects
from headstart.core.outlines import compressed, run_lengths

COLOURS = {"disc": (220, 40, 40), "triangle": (40, 60, 220)}


def polygon_of(kind: str, x: int, y: int, side: int) -> list[float]:
    """x, y, x, y, … of a shape in a square with this corner."""
    if kind == "triangle":
        return [x, y + side, x + side, y + side, x + side / 2, y]
    turns = np.linspace(0, 2 * np.pi, 33)[:-1]
    middle = np.stack([x + side / 2 * (1 + np.cos(turns)), y + side / 2 * (1 + np.sin(turns))], axis=1)
    return middle.ravel().round(2).tolist()


def bitmap_of(polygon: list[float], side: int = SIDE) -> np.ndarray:
    """(side, side) booleans: pixels whose middle lies in a convex polygon."""
    x, y = np.meshgrid(np.arange(side) + 0.5, np.arange(side) + 0.5)
    points = np.array(polygon).reshape(-1, 2)
    edges = [
        (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])
        for a, b in zip(points, np.roll(points, -1, 0), strict=True)
    ]
    return np.logical_or(np.all([e >= 0 for e in edges], axis=0), np.all([e <= 0 for e in edges], axis=0))


def outlined(bitmap: np.ndarray, polygon: list[float], form: int) -> Any:
    """A shape as a polygon, as run lengths, or as these compressed."""
    runs = {"size": [*bitmap.shape], "counts": run_lengths(bitmap)}
    return [[polygon], runs, {**runs, "counts": compressed(runs["counts"])}][form % 3]


def shapes(root: Path, pictures: int, seed: int, side: int = SIDE) -> Path:
    """One to three shapes a picture, in all forms that COCO has, for train and test."""
    sides = 30 * side // SIDE, 56 * side // SIDE
    return objects(root, pictures, seed, list(COLOURS), sides, _drawn, side)


def _drawn(picture: Image.Image, name: str, square: tuple[int, int, int], place: int) -> dict[str, Any]:
    polygon = polygon_of(name, *square)
    bitmap = bitmap_of(polygon, picture.width)
    stamp = Image.fromarray(bitmap.astype(np.uint8) * 255)
    picture.paste(Image.new("RGB", picture.size, COLOURS[name]), (0, 0), stamp)
    return {"area": int(bitmap.sum()), "iscrowd": 0, "segmentation": outlined(bitmap, polygon, place)}
