"""TENT: the scales and shifts of normalisation layers are trained until the answers for the new inputs are sure."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from headstart.adaptations._deep import finished, lacking, needed, on_last_features
from headstart.adaptations._normalisation import batches, follow, normalisations, pass_seconds, without_normalisation
from headstart.adaptations.base import Adaptation, Adapted, Domains

EPOCHS = 2
RATE = 1e-3

WITH_GRADIENTS = 3
"""A step takes about as long as so many forward passes."""


class Tent(Adaptation):
    """Wang et al. 2021, "Tent: fully test-time adaptation by entropy minimization", arXiv:2006.10726:

        L = mean_t H(softmax(logits)),   over γ and β of the normalisation layers, statistics those of the batch

    by Adam at the paper's rate, for two passes over the new inputs instead of online. After them the statistics are
    averaged over all new inputs, so that an answer does not depend on its batch.
    """

    summary = "trains the scales and shifts of the normalisation layers until the answers are sure"
    depth = 3

    def missing(self, domains: Domains) -> str:
        return lacking(domains) or without_normalisation(domains.network)

    def predicted_seconds(self, domains: Domains) -> float:
        """Passes with gradients, one that the statistics follow, and one for the features afterwards."""
        return (EPOCHS * WITH_GRADIENTS + 2) * pass_seconds(domains.network, needed(domains).target)

    def adapt(self, domains: Domains) -> Adapted:
        domains = on_last_features(domains)
        network = copy.deepcopy(domains.network)
        inputs = needed(domains).target
        network.held_still = []
        network.requires_grad_(False).eval()
        layers = normalisations(network)
        moving = [parameter for layer in layers for parameter in (layer.weight, layer.bias) if parameter is not None]
        for parameter in moving:
            parameter.requires_grad_(True)
        for layer in layers:
            layer.train()
        optimizer = torch.optim.Adam(moving, lr=RATE)
        for epoch in range(EPOCHS):
            for batch in batches(inputs, domains.seed + epoch):
                optimizer.zero_grad()
                loss(network(batch)).backward()
                optimizer.step()
        follow(network, inputs)
        return finished(domains, network)


def loss(logits: Tensor) -> Tensor:
    """The mean entropy of the answers (N, C), a scalar."""
    share = logits.log_softmax(dim=1)
    return -(share.exp() * share).sum(dim=1).mean()
