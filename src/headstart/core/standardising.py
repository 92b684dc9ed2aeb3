"""Features brought to mean 0 and deviation 1, but for those that hardly vary."""

from __future__ import annotations

import numpy as np

SMALLEST = 1e-3
"""A deviation below this share of the average one counts as none: dividing by it would blow up noise."""

COARSEST = 2.0**-8
"""Nor does one below this share of the feature's own mean: it is lost where a number has 8 bits, as bfloat16 has, and
then tells by how an example was computed or kept, not what it is."""


def varies(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """(D,) which features vary, of their `mean` (D,) and `deviation` (D,)."""
    return (deviation > SMALLEST * deviation.mean()) & (deviation > COARSEST * np.abs(mean))


def spread(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """(D,) deviations; infinite for what hardly varies, so that it becomes 0 when divided."""
    return np.where(varies(mean, deviation), deviation, np.inf)


def standardised(features: np.ndarray) -> np.ndarray:
    """(N, D) of mean 0 and deviation 1 in each column; one that hardly varies becomes 0."""
    features = features.astype(np.float64)
    mean = features.mean(axis=0)
    return np.asarray((features - mean) / spread(mean, features.std(axis=0)))
