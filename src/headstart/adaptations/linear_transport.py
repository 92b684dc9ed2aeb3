"""Linear optimal transport: the shortest way, by a linear map, to the mean and covariance of the new inputs."""

from __future__ import annotations

import numpy as np

from headstart.adaptations._moments import Moments, covariance, power
from headstart.adaptations._moved import Moving


class LinearTransport(Moving):
    """The Monge map between two Gaussians (Flamary et al. 2019, "Concentration bounds for linear Monge mapping
    estimation and optimal transport domain adaptation", arXiv:1905.10155; Peyré & Cuturi 2019, remark 2.31):

        x' = μ_t + (x - μ_s) A,   A = C_s^(-1/2) (C_s^(1/2) C_t C_s^(1/2))^(1/2) C_s^(-1/2).

    Of all maps to that covariance it moves examples least; CORAL's turns them too. Covariances are shrunk.
    """

    summary = "moves the source features by the linear map of least transport"

    def move(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        first, second = covariance(source), covariance(target)
        root, inverse = power(first, 0.5), power(first, -0.5)
        monge = inverse @ power(root @ second @ root, 0.5) @ inverse
        return (source - Moments.of(source).mean) @ monge + Moments.of(target).mean
