"""CORAL: the source examples get the covariance of the new inputs."""

from __future__ import annotations

import numpy as np

from headstart.adaptations._moments import Moments, covariance, power
from headstart.adaptations._moved import Moving


class Coral(Moving):
    """Sun et al. 2016, "Return of frustratingly easy domain adaptation", arXiv:1511.05547: whiten, then recolour,

        x' = μ_t + (x - μ_s) C_s^(-1/2) C_t^(1/2),

    the means moved too. The covariances are shrunk by Ledoit & Wolf's rule, where the paper adds the identity.
    """

    summary = "whitens the source features and gives them the covariance of the new ones"

    def move(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        colour = power(covariance(source), -0.5) @ power(covariance(target), 0.5)
        return (source - Moments.of(source).mean) @ colour + Moments.of(target).mean
