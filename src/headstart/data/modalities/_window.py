"""Windows: which measured values become black and which white."""

from __future__ import annotations

import numpy as np

_PERCENTILES = (0.5, 99.5)


def percentile_range(values: np.ndarray) -> tuple[float, float]:
    """What all but the lowest and the highest two hundredth lie between; infinities and NaN left out."""
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    low, high = (float(bound) for bound in np.percentile(known, _PERCENTILES))
    # Where nearly all is background, two percentiles may meet.
    return (low, high) if high > low else (float(known.min()), float(known.max()))


def full_range(dtype: np.dtype) -> tuple[float, float]:
    """The least and the largest integer of a type."""
    return float(np.iinfo(dtype).min), float(np.iinfo(dtype).max)


def scaled(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Doubles from 0 at `low` to 255 at `high`, cut off beyond; what is no number counts as `low`."""
    span = high - low if high != low else 1.0
    return np.clip(np.nan_to_num((values.astype(np.float64) - low) / span, nan=0.0), 0, 1) * 255
