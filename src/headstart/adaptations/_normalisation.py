"""Batch normalisation layers of a network, and statistics that follow some inputs."""

from __future__ import annotations

import time
from collections.abc import Iterator

import torch
from torch import nn

from headstart.backbones.base import Batch, collate
from headstart.frozen.inputs import Inputs
from headstart.model.network import Network

BATCH = 32


def without_normalisation(network: Network) -> str:
    """Words where the backbone has no batch normalisation."""
    return "" if normalisations(network) else "its backbone has no batch normalisation"


def normalisations(network: Network) -> list[nn.modules.batchnorm._BatchNorm]:
    """The layers whose statistics come from examples."""
    kinds = nn.modules.batchnorm._BatchNorm
    return [one for one in network.backbone.modules() if isinstance(one, kinds) and one.track_running_stats]


@torch.no_grad()
def follow(network: Network, inputs: Inputs) -> None:
    """Set every layer's statistics to the mean over batches of `inputs`; all else stands still."""
    layers = normalisations(network)
    network.held_still = []
    network.requires_grad_(False).eval()
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # the plain average over all batches
        layer.train()
    for batch in batches(inputs):
        network.backbone.features(batch)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    network.eval()


@torch.no_grad()
def pass_seconds(network: Network, inputs: Inputs) -> float:
    """What one pass over all `inputs` takes, their decoding included, as a first batch tells."""
    network.eval()
    count = min(BATCH, len(inputs))
    start = time.perf_counter()
    network.backbone.features(collate(inputs.many(range(count))))
    return (time.perf_counter() - start) * len(inputs) / count


def batches(inputs: Inputs, seed: int = 0) -> Iterator[Batch]:
    """All inputs in a random order, the last batch never of one."""
    order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(seed)).tolist()
    count = max(1, round(len(order) / BATCH))
    for part in range(count):
        yield collate(inputs.many(order[part::count]))
