"""TransRate: how many bits the features take, less how many they take within a class."""

from __future__ import annotations

import numpy as np

from headstart.transferability.base import Seen, TransferabilityScore, given


class TransRate(TransferabilityScore):
    """Huang et al. 2022, "Frustratingly easy transferability estimation" (arXiv:2106.09362), in nats.

    The mutual information of features and classes by coding rates, for centred features Z (n, D):

        TrR = R(Z, ε) - Σ_c n_c/n R(Z_c, ε),   R(Z, ε) = 1/2 log det( I + 1/(n ε) Zᵀ Z ).

    Classes count by their share, as in a conditional entropy; the paper's listing weighs them alike, which is the
    same where they are equally common.

    Parameters
    ----------
    epsilon : the distortion that is allowed, 1e-4 in the paper's listing.
    """

    reads = ("features", "classes")

    def __init__(self, epsilon: float = 1e-4) -> None:
        self.epsilon = epsilon

    def score(self, seen: Seen) -> float:
        features, classes = given(seen.features).astype(float), given(seen.classes)
        centred = features - features.mean(axis=0)
        parts = [centred[classes == label] for label in np.unique(classes)]
        within = sum(len(part) / len(centred) * self._rate(part) for part in parts)
        return float(self._rate(centred) - within)

    def _rate(self, features: np.ndarray) -> float:
        """R of (n, D), from whichever of ZᵀZ and Z Zᵀ is smaller: their determinants are the same."""
        count, width = features.shape
        products = features @ features.T if count < width else features.T @ features
        return float(np.linalg.slogdet(np.eye(len(products)) + products / (count * self.epsilon))[1]) / 2
