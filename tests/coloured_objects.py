"""One to three coloured objects on grey noise a picture, as COCO JSON for train and test; makers draw their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIDE = 128
Draw = Callable[[Image.Image, str, tuple[int, int, int], int], dict[str, Any]]
"""Draws an object of a class in a square (x, y, side), as the n-th of its file; what its annotation says besides."""


def objects(
    root: Path, pictures: int, seed: int, names: Sequence[str], sides: tuple[int, int], draw: Draw, side: int = SIDE
) -> Path:
    """So many pictures to learn from and half as many for the test, `side` pixels wide and high.

    Parameters
    ----------
    sides : of an object, from and below, in pixels; at most half of `side`.
    """
    random = np.random.default_rng(seed)
    (root / "annotations").mkdir(parents=True)
    for split, count in (("train", pictures), ("test", pictures // 2)):
        (root / split).mkdir()
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for number in range(1, count + 1):
            picture = Image.fromarray(random.integers(90, 160, (side, side, 3), np.uint8))
            for kind, square in _squares(random, len(names), sides, side // 2):
                more = draw(picture, names[kind], square, len(annotations))
                x, y, wide = square
                own = {"image_id": number, "category_id": kind + 1, "bbox": [x, y, wide, wide]}
                annotations.append({"id": len(annotations) + 1, **own, **more})
            picture.save(root / split / f"{number}.png")
            images.append({"id": number, "file_name": f"{number}.png", "width": side, "height": side})
        categories = [{"id": i + 1, "name": name} for i, name in enumerate(names)]
        content = {"images": images, "annotations": annotations, "categories": categories}
        (root / "annotations" / f"instances_{split}.json").write_text(json.dumps(content))
    return root


def _squares(
    random: np.random.Generator, kinds: int, sides: tuple[int, int], half: int
) -> list[tuple[int, tuple[int, int, int]]]:
    """A kind and a square (x, y, side) in each of one to three quarters of a picture."""
    found = []
    for corner in range(random.integers(1, 4)):
        side, kind = int(random.integers(*sides)), int(random.integers(kinds))
        x, y = (int(v) + half * (corner >> k & 1) for k, v in enumerate(random.integers(0, half - side + 1, 2)))
        found.append((kind, (x, y, side)))
    return found
