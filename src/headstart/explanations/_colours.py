"""Colours for maps: one scale from dark to light for pictures, two hues for words that speak for and against."""

from __future__ import annotations

import numpy as np

_ANCHORS = np.array(
    [(20, 11, 60), (92, 22, 110), (165, 45, 96), (221, 81, 58), (250, 148, 30), (252, 205, 60), (252, 250, 180)],
    dtype=float,
)
"""From the least to the most. Lightness rises all along, so the order survives grey print and colour blindness."""

FOR, AGAINST = (214, 110, 20), (50, 120, 200)
"""Orange and blue: two hues that colour-blind people tell apart, of a lightness that shows on white and on black."""

LINE = (70, 220, 255)
"""Of outlines: a hue that the scale does not have, light on its dark end and cold on its light one."""


def scale(values: np.ndarray) -> np.ndarray:
    """Values in [0, 1] of any shape (…) → (…, 3) floats from 0 to 255."""
    places = np.linspace(0, 1, len(_ANCHORS))
    clipped = np.clip(values, 0, 1)
    return np.stack([np.interp(clipped, places, _ANCHORS[:, channel]) for channel in range(3)], axis=-1)


def strength(values: np.ndarray) -> np.ndarray:
    """Scores of any sign → [-1, 1], the strongest at one; all 0 where nothing is marked."""
    largest = float(np.abs(values).max()) if values.size else 0.0
    return values / largest if largest > 0 else np.zeros_like(values)
