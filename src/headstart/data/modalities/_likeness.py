"""What a small copy of a picture looks like: figures of its light, and a thumbnail that finds its near duplicates."""

from __future__ import annotations

import numpy as np
import PIL.Image

SIDE = 80
"""Pixels of the small copy from which everything here is taken; 5 % of it and a sixteenth are whole pixels."""

LOOKED = 256
"""Pixels of the shorter side that are decoded for it. Most backbones ask for as many, but looks are kept and must not
change with who asks."""

SKETCHED = 16
"""The sketch has so many rows and columns, each the mean of 5 × 5 pixels of the small copy."""

_GAP = 1.0
"""Blocks of pixels are averaged down to so many times the small copy at least, and smoothed from there."""

BORDER = SIDE // 20
BLANK = 1.0
"""A picture whose 256 means differ by less than this standard deviation, in grey levels of 255, shows nothing."""

LIKENESS = f"likeness 4 of {SIDE} pixels"
"""Names what this file computes; whoever changes that changes the name."""


def small_copy(picture: PIL.Image.Image) -> PIL.Image.Image:
    """SIDE × SIDE pixels, the sides scaled apart; smoothed, so that copies of other sizes come out alike."""
    return picture.resize((SIDE, SIDE), PIL.Image.Resampling.BILINEAR, reducing_gap=_GAP)


def appearance(small: PIL.Image.Image) -> dict[str, float]:
    """Figures of a small RGB copy; all but the last lie in [0, 1].

    ``brightness`` and ``contrast`` are the mean and the standard deviation of grey; ``saturation`` the mean of
    (max - min) / max over the colours of a pixel; ``border`` the mean grey of the outer 5 % minus that of the inside.
    """
    colours = np.moveaxis(np.asarray(small, dtype=np.float32) / 255, 2, 0)
    grey = np.asarray(small.convert("L"), dtype=np.float32) / 255
    red, green, blue = colours  # three planes: numpy is slow along an axis of three
    most, least = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    saturation = np.divide(most - least, most, out=np.zeros_like(most), where=most > 0)
    inside = grey[BORDER:-BORDER, BORDER:-BORDER]
    outside = (grey.sum(dtype=np.float64) - inside.sum(dtype=np.float64)) / (grey.size - inside.size)
    return {
        "brightness": float(grey.mean(dtype=np.float64)),
        "contrast": float(grey.std(dtype=np.float64)),
        "saturation": float(saturation.mean(dtype=np.float64)),
        "border": float(outside - inside.mean(dtype=np.float64)),
    }


def likeness(small: PIL.Image.Image) -> np.ndarray:
    """The sketch (256,) float32 of a small RGB copy: 16 × 16 means of its grey, less their mean, of norm 1.

    Brightness, contrast, size and compression are gone from it. Noughts where the picture shows nothing.
    """
    grey = np.asarray(small.convert("L"), dtype=np.float64)
    step = SIDE // SKETCHED
    means = grey.reshape(SKETCHED, step, SKETCHED, step).mean(axis=(1, 3)).ravel()
    means -= means.mean()
    if means.std() < BLANK:
        return np.zeros(means.size, dtype=np.float32)
    return (means / np.linalg.norm(means)).astype(np.float32)
