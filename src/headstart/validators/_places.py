"""A few of many examples, evenly spread."""

from __future__ import annotations

import numpy as np


def some(count: int, most: int) -> np.ndarray:
    """Places of at most `most` of `count`."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(int)
