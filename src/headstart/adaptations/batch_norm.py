"""Batch-norm statistics: normalisation layers follow the new inputs, and nothing is trained."""

from __future__ import annotations

import copy

from headstart.adaptations._deep import finished, lacking, needed, on_last_features
from headstart.adaptations._normalisation import follow, pass_seconds, without_normalisation
from headstart.adaptations.base import Adaptation, Adapted, Domains


class BatchNorm(Adaptation):
    """Adaptive batch normalisation (Li et al. 2016, arXiv:1603.04779): each layer's mean and variance,

        μ = mean_t x,   σ² = var_t x,   y = γ (x - μ) / σ + β,

    are those of the new inputs; γ, β and the head stay. The statistics are averaged over batches.
    """

    summary = "gives the normalisation layers the statistics of the new inputs"
    depth = 3

    def missing(self, domains: Domains) -> str:
        return lacking(domains) or without_normalisation(domains.network)

    def predicted_seconds(self, domains: Domains) -> float:
        """A pass that the statistics follow, and one for the features afterwards."""
        return 2 * pass_seconds(domains.network, needed(domains).target)

    def adapt(self, domains: Domains) -> Adapted:
        domains = on_last_features(domains)
        network = copy.deepcopy(domains.network)
        follow(network, needed(domains).target)
        return finished(domains, network)
