"""Bicubic interpolation that smooths where it shrinks, as products with matrices, which every engine can run.

``torch.nn.functional.interpolate(antialias=True)`` gives the same, but no format of exported networks has it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

_SHARPNESS = -0.5
"""The free parameter of the cubic kernel (Keys 1981, "Cubic convolution interpolation"), as Pillow has it."""

_SUPPORT = 2.0


def smoothed(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Maps (N, C, h, w) at `size` (height, width)."""
    rows, columns = (
        torch.tensor(weights(int(given), int(wanted)), dtype=maps.dtype, device=maps.device)
        for given, wanted in zip(maps.shape[2:], size, strict=True)
    )
    return rows @ maps @ columns.T


@lru_cache(maxsize=16)
def weights(given: int, wanted: int) -> list[list[float]]:
    """(wanted, given): what each of the `given` places along an axis adds to each of those `wanted`.

    w_ij = k((j + ½ - c_i) / s) / Σ_j, with centres c_i = (i + ½) · given / wanted, the kernel k, which is wider by
    s = max(1, given / wanted) where places are merged.
    """
    ratio = given / wanted
    wider = max(1.0, ratio)
    centres = (np.arange(wanted) + 0.5) * ratio
    first = np.maximum((centres - _SUPPORT * wider + 0.5).astype(int), 0)
    last = np.minimum((centres + _SUPPORT * wider + 0.5).astype(int), given)
    places = np.arange(given)
    seen = (places >= first[:, None]) & (places < last[:, None])
    found = np.where(seen, _cubic((places + 0.5 - centres[:, None]) / wider), 0.0)
    return (found / found.sum(axis=1, keepdims=True)).tolist()


def _cubic(distances: np.ndarray) -> np.ndarray:
    """The kernel at these distances; nought from 2 on."""
    x, a = np.abs(distances), _SHARPNESS
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1, near, np.where(x < _SUPPORT, far, 0.0))
