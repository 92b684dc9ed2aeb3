"""Deep CORAL: the covariances of the features of both domains are made equal."""

from __future__ import annotations

from torch import Tensor

from headstart.alignments.base import Alignment, DomainView


class Coral(Alignment):
    """Sun & Saenko 2016, "Deep CORAL: correlation alignment for deep domain adaptation", arXiv:1607.01719:

        L = ‖C_S - C_T‖²_F / (4 d²),   C = (DᵀD - (1ᵀD)ᵀ(1ᵀD) / n) / (n - 1)

    for features D (n, d) of each domain. Means are left as they are, as in the paper.
    """

    summary = "equal covariances of the features"

    def forward(self, source: DomainView, target: DomainView) -> Tensor:
        self.check(source, target)
        width = source.features.shape[1]
        return (covariance(source.features) - covariance(target.features)).square().sum() / (4 * width**2)


def covariance(features: Tensor) -> Tensor:
    """(N, D) → (D, D), over N - 1."""
    centred = features - features.mean(dim=0)
    return centred.T @ centred / (len(features) - 1)
