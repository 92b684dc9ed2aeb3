"""Coloured squares on grey noise, as boxes in COCO JSON: what a detector can learn in a few seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from coloured_objects import SIDE, objects

COLOURS = {"red": (220, 40, 40), "blue": (40, 60, 220)}


def squares(root: Path, pictures: int, seed: int, side: int = SIDE) -> Path:
    """Grey noise with one to three coloured squares a picture, as COCO JSON for train and test."""
    return objects(root, pictures, seed, list(COLOURS), (28 * side // SIDE, 50 * side // SIDE), _drawn, side)


def _drawn(picture: Image.Image, name: str, square: tuple[int, int, int], _: int) -> dict[str, Any]:
    x, y, side = square
    ImageDraw.Draw(picture).rectangle((x, y, x + side - 1, y + side - 1), fill=COLOURS[name])
    return {}
