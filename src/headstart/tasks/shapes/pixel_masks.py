"""Masks of single objects as pixels of their picture, and how much two of them share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

LONGEST = 640
"""Pixels: pictures are looked at as if their longer side were no longer."""


class Pixels(NamedTuple):
    """A bitmap (h, w) of booleans with its corner at (left, top) of a picture whose sides were brought to `scale`."""

    left: int
    top: int
    bitmap: np.ndarray
    scale: float = 1.0

    @property
    def area(self) -> float:
        """In square pixels of the picture."""
        return float(self.bitmap.sum()) / self.scale**2

    def whole(self, size: tuple[int, int]) -> np.ndarray:
        """(H, W) booleans over a picture of (width, height)."""
        drawn = np.zeros(size[::-1], bool)
        height, width = self.bitmap.shape
        drawn[self.top : self.top + height, self.left : self.left + width] = self.bitmap
        return drawn


def pasted(grid: np.ndarray, corners: Sequence[float], size: tuple[int, int], longest: int = LONGEST) -> Pixels:
    """The pixels whose middle a grid (s, s), from 0 to 1 over the box `corners`, covers by a half.

    Parameters
    ----------
    corners : left, top, right, bottom in pixels of the picture. size : its (width, height).
    longest : side of the picture beyond which it is looked at smaller.
    """
    scale = min(1.0, longest / max(*size, 1))
    left, top, right, bottom = (edge * scale for edge in corners)
    x, across = _read(left, right, size[0] * scale, len(grid))
    y, along = _read(top, bottom, size[1] * scale, len(grid))
    return Pixels(x, y, along @ grid @ across.T >= 0.5, scale)


def _read(low: float, high: float, side: float, cells: int) -> tuple[int, np.ndarray]:
    """The first pixel whose middle lies in a box, and (n, cells) what each such pixel reads of the cells."""
    first, end = max(0, int(np.ceil(low - 0.5))), min(int(np.ceil(side)), int(np.floor(high - 0.5)) + 1)
    middles = np.arange(first, max(first, end)) + 0.5
    place = np.clip((middles - low) / max(high - low, 1e-9) * cells - 0.5, 0, cells - 1)
    under = np.minimum(place.astype(int), cells - 2)
    read = np.zeros((len(middles), cells))
    rows = np.arange(len(middles))
    read[rows, under] = 1 - (place - under)
    read[rows, under + 1] = place - under
    return first, read


def overlaps(masks: Sequence[Pixels], others: Sequence[Pixels], crowd: np.ndarray) -> np.ndarray:
    """(n, m) intersection over union; over the first's own area where the second is a crowd."""
    found = np.zeros((len(masks), len(others)))
    for i, one in enumerate(masks):
        for j, other in enumerate(others):
            shared = _shared(one, other)
            union = one.area if crowd[j] else one.area + other.area - shared
            found[i, j] = shared / union if shared else 0.0
    return found


def _shared(one: Pixels, other: Pixels) -> float:
    left, top = max(one.left, other.left), max(one.top, other.top)
    right = min(one.left + one.bitmap.shape[1], other.left + other.bitmap.shape[1])
    bottom = min(one.top + one.bitmap.shape[0], other.top + other.bitmap.shape[0])
    if right <= left or bottom <= top:
        return 0.0
    cut = (
        each.bitmap[top - each.top : bottom - each.top, left - each.left : right - each.left] for each in (one, other)
    )
    return float(np.logical_and(*cut).sum()) / one.scale**2
