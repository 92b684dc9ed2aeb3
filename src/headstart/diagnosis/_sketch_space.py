"""Sketches as weighted frequencies, in which a picture can be compared with its mirror image or a crop of it."""

from __future__ import annotations

from functools import cache

import numpy as np

SIDE = 16
"""A sketch is a grey thumbnail of 16 x 16 pixels with mean 0 and length 1."""

_CUT, _RISE = 8.0, 0.5
"""Beyond 8 half waves a side a thumbnail cannot tell how it was cropped; below, the rising weight makes up for the
slowest waves holding most of a picture's light, though unlike pictures are alike in them."""

_HIGHEST = 12.0
_REACH = 8.0
"""Pixels of the sketch over which light is alike: its covariance is taken to be exp(-distance / 8)."""

_FINE = 10
_NOISE = 1e-4

CROPS = (*((0.95, down, right) for down in (0.0, 0.5, 1.0) for right in (0.0, 0.5, 1.0)), (0.9, 0.5, 0.5))
"""What is left of both sides, and where the rest was cut off: 0 at the end, 1 at the beginning, 1/2 at both."""


def as_frequencies(sketches: np.ndarray) -> np.ndarray:
    """(N, F) of length 1: the weighted two-dimensional cosine transform of sketches (N, 256)."""
    return _unit(sketches @ _transform())


def cropped(sketches: np.ndarray, crop: tuple[float, float, float]) -> np.ndarray:
    """(N, F): the frequencies of the pictures behind sketches (N, 256) after a crop, as far as these tell."""
    return _unit(sketches @ _cropping(*crop))


def mirrored(frequencies: np.ndarray) -> np.ndarray:
    """(N, F) of the same pictures in a mirror: cosine waves with an odd number of half waves change their sign."""
    return frequencies * np.where(_waves()[1] % 2, -1, 1).astype(np.float32)


@cache
def _waves() -> np.ndarray:
    """(2, F) numbers of half waves, down and across, that are looked at."""
    down, across = np.indices((SIDE, SIDE)).reshape(2, -1)
    size = np.hypot(down, across)
    return np.stack([down, across])[:, (size > 0) & (size <= _HIGHEST)]


@cache
def _transform() -> np.ndarray:
    """(256, F): cosine transform and weight f^rise exp(-(f / cut)^4) in one."""
    from scipy.fft import dct  # a twentieth of a second, which a fit whose findings are kept does without

    waves = dct(np.eye(SIDE), axis=0, norm="ortho")
    down, across = _waves()
    size = np.hypot(down, across)
    products = waves[down][:, :, None] * waves[across][:, None, :]
    weights = size**_RISE * np.exp(-((size / _CUT) ** 4))
    return (products.reshape(len(size), -1) * weights[:, None]).T.astype(np.float32)


@cache
def _cropping(left: float, down: float, right: float) -> np.ndarray:
    """(256, F): crop and transform in one."""
    return np.kron(_zoom(left, down), _zoom(left, right)).T.astype(np.float32) @ _transform()


@cache
def _zoom(left: float, shift: float) -> np.ndarray:
    """(16, 16): the best linear estimate of the means of a crop's 16 pixels from the 16 of the whole (Wiener 1949).

    With the covariance K of a finer grid, A its means over the pixels of the whole and B over those of the crop, it
    is B K A' (A K A' + noise)^-1.
    """
    whole = _means(0.0, 1.0)
    part = _means(shift * (1 - left), left)
    place = np.arange(SIDE * _FINE) / _FINE
    covariance = np.exp(-np.abs(place[:, None] - place) / _REACH)
    seen = whole @ covariance @ whole.T + _NOISE * np.eye(SIDE)
    return part @ covariance @ whole.T @ np.linalg.inv(seen)


def _means(start: float, left: float) -> np.ndarray:
    """(16, 160): means of a fine grid over 16 pixels that divide the share `left` of it from the share `start` on."""
    edges = (start + left * np.arange(SIDE + 1) / SIDE) * SIDE * _FINE
    cell = np.arange(SIDE * _FINE)
    covered = np.minimum(edges[1:, None], cell + 1) - np.maximum(edges[:-1, None], cell)
    covered = np.clip(covered, 0, 1)
    return covered / covered.sum(axis=1, keepdims=True)


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
