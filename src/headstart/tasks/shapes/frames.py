"""The frame that whole pictures are brought to: as large as asked, or as suits the device and the pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

SIDE_OF_BOXES, SIDE_OF_MASKS, ON_A_GPU = 320, 512, 2
"""Pixels: where nothing is asked for and pictures are no smaller, the frame for boxes has the area of a square of the
first side, and the longer side of that for masks is the second; with CUDA both are so many times as long."""

STEP, LEAST_OF_BOXES, LEAST_OF_MASKS = 32, 96, 64
"""Pixels: the sides are multiples of the step, which every stride divides, and no shorter than the least."""

Size = tuple[int, int]


def frame_for_boxes(sizes: Sequence[Size], side: int | None = None, device: str = "cpu") -> Size:
    """(width, height) with the usual proportions of pictures of these `sizes`, 0 × 0 where one is not known.

    Parameters
    ----------
    side : of the square that has its area; None for the usual one, or that of the pictures where they are smaller.
    device : the kind that computes: ``cpu``, ``cuda``, ``mps``.
    """
    usual = _usual(SIDE_OF_BOXES, device)
    known = [(width, height) for width, height in sizes if width and height] or [(usual, usual)]
    aspect = median(width / height for width, height in known)
    taken = side or min(float(usual), median(math.sqrt(width * height) for width, height in known))
    return _stepped(taken * math.sqrt(aspect), LEAST_OF_BOXES), _stepped(taken / math.sqrt(aspect), LEAST_OF_BOXES)


def frame_for_masks(sizes: Sequence[Size], side: int | None = None, device: str = "cpu") -> Size:
    """(width, height), the median one of pictures of these `sizes`, brought to a longer side.

    Parameters
    ----------
    side : the longer one; None for the usual one, or that of the pictures where they are smaller.
    device : as for :func:`frame_for_boxes`.
    """
    width, height = (median(lengths) for lengths in zip(*sizes, strict=True))
    scale = (side or min(_usual(SIDE_OF_MASKS, device), max(width, height))) / max(width, height)
    return _stepped(scale * width, LEAST_OF_MASKS), _stepped(scale * height, LEAST_OF_MASKS)


def _usual(side: int, device: str) -> int:
    return side * ON_A_GPU if device == "cuda" else side


def _stepped(length: float, least: int) -> int:
    return max(least, STEP * round(length / STEP))
