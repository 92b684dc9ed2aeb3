"""Pictures with a red block, and the masks that say where it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

FRAME = (96, 64)
SIZE = (12, 8)
"""(width, height) of the small pictures."""


def scenes(folder: Path, count: int, seed: int = 0) -> Path:
    """Grey noise with a red block, its mask 1 there; the rim of every mask is ignored."""
    random = np.random.default_rng(seed)
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for number in range(count):
        pixels = random.integers(60, 120, (FRAME[1], FRAME[0], 3), np.uint8)
        mask = np.zeros(FRAME[::-1], np.uint8)
        top, left = random.integers(2, 24), random.integers(2, 48)
        pixels[top : top + 36, left : left + 36, 0] = 250
        mask[top : top + 36, left : left + 36] = 1
        mask[0] = 255
        Image.fromarray(pixels).save(folder / "images" / f"{number:02}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{number:02}.png")
    (folder / "classes.txt").write_text("ground,120,120,120\nblock,255,0,0\n")
    return folder


def picture(path: Path, size: tuple[int, int] = SIZE) -> None:
    """A picture of one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (len(path.name), 90, 200)).save(path)


def mask(path: Path, pixels: np.ndarray, palette: list[int] | None = None) -> None:
    """A mask of these pixels (H, W) or (H, W, 3)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    if palette:
        image.putpalette(palette)
    image.save(path)
