"""Large arrays handled without copies of them: joined where they adjoin, and read as bytes where they lie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    """The rows of all of P ≥ 1 arrays in one; no copy where they lie one after the other within one array."""
    whole = _adjoining([part for part in parts if len(part)] or parts[:1])
    return np.concatenate(parts) if whole is None else whole


def _adjoining(parts: Sequence[np.ndarray]) -> np.ndarray | None:
    base = parts[0].base
    if (
        not isinstance(base, np.ndarray)
        or not base.flags.c_contiguous
        or base.ndim != parts[0].ndim
        or base.size == 0
    ):
        return None
    address, row = base.__array_interface__["data"][0], base[:1].nbytes
    start = rows = (parts[0].__array_interface__["data"][0] - address) // row
    for part in parts:
        here = part.__array_interface__["data"][0] - address
        same = part.base is base and part.dtype == base.dtype and part.shape[1:] == base.shape[1:]
        if not same or not part.flags.c_contiguous or here != rows * row:
            return None
        rows += len(part)
    return base[start:rows]


def bytes_of(array: np.ndarray) -> memoryview | bytes:
    """The bytes of `array` in C order, where they lie if they lie so."""
    return np.ascontiguousarray(array).data.cast("B") if array.size else b""
