"""H-score: how far the classes' mean features lie apart, measured in the spread of all features."""

from __future__ import annotations

import numpy as np

from headstart.transferability.base import Seen, TransferabilityScore, given


class HScore(TransferabilityScore):
    """Bao et al. 2019, "An information-theoretic approach to transferability in task transfer learning":

        H(f) = tr( cov(f)⁻¹ cov(E[f | y]) ).

    Between 0 and the smaller of D and C - 1. Where cov(f) has no inverse the pseudo-inverse stands in. With fewer
    examples than features every backbone then reaches about the upper bound, as Ibrahim et al. 2021
    (arXiv:2110.06893) remark; there it does not rank.
    """

    reads = ("features", "classes")

    def score(self, seen: Seen) -> float:
        features, classes = given(seen.features).astype(float), given(seen.classes)
        means = np.zeros_like(features)  # (N, D): for each example the mean of its class
        for label in np.unique(classes):
            means[classes == label] = features[classes == label].mean(axis=0)
        return float(np.trace(np.linalg.pinv(_covariance(features), hermitian=True) @ _covariance(means)))


def _covariance(values: np.ndarray) -> np.ndarray:
    """(N, D) → (D, D), over N."""
    centred = values - values.mean(axis=0)
    return centred.T @ centred / len(values)
