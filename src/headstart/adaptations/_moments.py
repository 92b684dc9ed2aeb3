"""Means and covariances of two samples of features, and powers of a covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headstart.core.standardising import varies


@dataclass(frozen=True)
class Moments:
    """Of (N, D) features: ``mean`` (D,), ``deviation`` (D,), and the shrunk ``covariance`` (D, D)."""

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray) -> Moments:
        """Measure `features`."""
        wide = features.astype(np.float64)
        return cls(wide.mean(axis=0), wide.std(axis=0))


def covariance(features: np.ndarray) -> np.ndarray:
    """(N, D) → (D, D), shrunk towards a multiple of the identity by as much as the number of examples asks for.

    Ledoit & Wolf 2004, "A well-conditioned estimator for large-dimensional covariance matrices": with fewer examples
    than features the plain estimate has no inverse.
    """
    from sklearn.covariance import ledoit_wolf

    return np.asarray(ledoit_wolf(features.astype(np.float64))[0])


def power(matrix: np.ndarray, exponent: float) -> np.ndarray:
    """A power of a symmetric positive matrix (D, D), its eigenvalues kept off nought."""
    values, vectors = np.linalg.eigh(matrix)
    values = np.maximum(values, 1e-9 * max(float(values.max()), 1e-30))
    return (vectors * values**exponent) @ vectors.T


def scale(of: Moments, to: Moments) -> np.ndarray:
    """(D,) what multiplies a centred feature so that its deviation becomes that of `to`; 1 where it hardly varies."""
    there = varies(of.mean, of.deviation)
    return np.where(there, to.deviation / np.where(there, of.deviation, 1.0), 1.0)


def unit(features: np.ndarray) -> np.ndarray:
    """(N, D) of length 1; zeros stay zeros."""
    return np.asarray(features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12))
