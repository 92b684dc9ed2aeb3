"""The same network with random weights, and how long a head on it takes."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from headstart.backbones.base import Backbone, collate
from headstart.core.errors import HeadstartError
from headstart.core.files import digest
from headstart.core.precision import single_precision
from headstart.strategies import _linear_head
from headstart.training.workbench import Workbench

STATISTICS, FEWEST_STATISTICS, STATISTICS_BATCH = 256, 4, 32
"""A random network takes its normalisation statistics from a quarter of what it learns from, so many at most and at
least, in batches of so many: with 4, 8 or 24 photos of vehicles a head on it was right about as often."""

TRIED, TIMES = 2, 3
"""A network is run on so many inputs, so often, to tell how long it takes; the least time counts."""


@dataclass(frozen=True)
class RandomWeightsCost:
    """How long a head on the network with random weights, and one on stored features, take with plain PyTorch.

    Attributes
    ----------
    each : seconds for decoding an input and running the network on it.
    normalises : whether it has statistics to take. features, outputs : those of a head.
    """

    each: float
    normalises: bool
    features: int
    outputs: int

    def of(self, learnt: int, judged: int) -> float:
        """About how many seconds for so many inputs to learn from, and so many others."""
        run = learnt + judged + (_statistics_from(learnt) if self.normalises else 0)
        return self.each * run + 2 * _linear_head.predicted_seconds(learnt, self.features, self.outputs)


@single_precision()
def random_weights_cost(bench: Workbench, backbone: Backbone, each: float | None = None) -> RandomWeightsCost:
    """What comparing with random weights costs here; `each` where it is known, else a few inputs are run."""
    seconds = _seconds_each(bench, backbone) if each is None else each
    return RandomWeightsCost(seconds, bool(_normalisers(backbone)), backbone.feature_size, bench.task.outputs)


def _seconds_each(bench: Workbench, backbone: Backbone) -> float:
    network, seconds = _own_copy(backbone, bench), []
    for _ in range(TIMES):
        began = time.perf_counter()
        batch = collate(bench.train.many([place % len(bench.train) for place in range(TRIED)]))
        with torch.inference_mode():
            network.features({name: tensor.to(bench.device) for name, tensor in batch.items()})
        seconds.append((time.perf_counter() - began) / TRIED)
    return min(seconds)


@single_precision()
def randomised(backbone: Backbone, bench: Workbench) -> Backbone:
    """A copy of `backbone` that has forgotten what it learnt, its normalisation statistics those of the examples.

    Every module with ``reset_parameters`` (PyTorch's own layers) is reset by it; of the parameters left over (class
    tokens, layer scales) the numbers are shuffled, which keeps their size. Running statistics are the mean of those
    of a few training batches: with those of a new layer, 0 and 1, deep networks give next to nothing.

    Raises
    ------
    HeadstartError : a parameter that should have changed has not.
    """
    fresh = _own_copy(backbone, bench)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(digest("random weights", str(bench.seed))[:8], 16))
        _forget(fresh)
    _check_forgotten(backbone, fresh)
    if normalisers := _normalisers(fresh):
        _take_statistics(fresh, normalisers, bench)
    return fresh.eval()


def _own_copy(backbone: Backbone, bench: Workbench) -> Backbone:
    """A copy to be changed and thrown away, on a CPU with its kernels laid out as that is fastest; warmed up.

    On a GPU single precision gains nothing by it, and every layer would be planned anew.
    """
    own = copy.deepcopy(backbone).requires_grad_(False).to(bench.device).eval()
    if bench.device.type == "cpu":
        _lay_out(own, torch.channels_last)
    with torch.inference_mode():
        try:
            own.features(bench.sample(1))
        except RuntimeError:  # it takes for granted how its activations lie
            _lay_out(own, torch.contiguous_format)
    return own


def _lay_out(network: nn.Module, layout: torch.memory_format) -> None:
    for parameter in network.parameters():
        if parameter.dim() == 4:  # (C, D, H, W)
            parameter.data = parameter.data.contiguous(memory_format=layout)


def _normalisers(network: nn.Module) -> list[_BatchNorm]:
    return [module for module in network.modules() if isinstance(module, _BatchNorm)]


def _statistics_from(learnt: int) -> int:
    """From how many of the inputs that are learnt from."""
    return min(learnt, STATISTICS, max(FEWEST_STATISTICS, learnt // 4))


def _forget(network: nn.Module) -> None:
    seen: set[Tensor] = set()
    for module in network.modules():
        own = list(module.parameters(recurse=False))
        reset = getattr(module, "reset_parameters", None)
        if callable(reset):
            reset()
            seen.update(own)
    for parameter in network.parameters():
        if parameter not in seen:
            order = torch.randperm(parameter.numel()).to(parameter.device)
            parameter.data = parameter.data.flatten()[order].view_as(parameter)


def _check_forgotten(before: nn.Module, after: nn.Module) -> None:
    """Weights of two or more dimensions cannot come out of a reset as they went in; biases of nought can."""
    pairs = zip(before.named_parameters(), after.parameters(), strict=True)
    same = [name for (name, old), new in pairs if old.dim() > 1 and old.std() > 0 and torch.equal(old, new.to(old))]
    if same:
        raise HeadstartError(
            f"{len(same)} weights of the network cannot be made random, {same[0]!r} for one: the gain over random "
            "weights is not known for this backbone."
        )


def _take_statistics(network: Backbone, normalisers: Sequence[_BatchNorm], bench: Workbench) -> None:
    usual = [module.momentum for module in normalisers]
    for module in normalisers:
        module.reset_running_stats()
        module.momentum = None  # the mean over all batches
        module.train()
    order = np.random.default_rng(bench.seed).permutation(len(bench.train))[: _statistics_from(len(bench.train))]
    with torch.inference_mode():
        for part in np.array_split(order, max(1, len(order) // STATISTICS_BATCH)):
            batch = collate(bench.train.many(part.tolist()))
            network.features({name: tensor.to(bench.device) for name, tensor in batch.items()})
    for module, momentum in zip(normalisers, usual, strict=True):
        module.momentum = momentum
