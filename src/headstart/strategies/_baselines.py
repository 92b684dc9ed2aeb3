"""What a model must beat: the commonest answer, shallow features, and the same network without its pretraining."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from headstart.backbones.base import Backbone, collate
from headstart.core.errors import HeadstartError
from headstart.core.files import digest
from headstart.core.shallow import shallow_features
from headstart.frozen.inputs import Inputs
from headstart.model.network import Network
from headstart.strategies._linear_head import HELD_OUT, fit_linear_head
from headstart.strategies._solved_head import solve_head
from headstart.strategies.base import Rung, Strategy
from headstart.tasks.base import Task
from headstart.training.workbench import Workbench

STRENGTHS = (0.1, 1.0, 10.0, 100.0)
"""Inverse penalties tried on shallow features, λ = 1 / (C N)."""

STEPS = 100
STATISTICS_BATCHES = 8
"""Batches from which a random network takes its normalisation statistics."""


def majority(bench: Workbench, inputs: Inputs) -> Tensor:
    """Outputs (N, C) that say the same of every input: what has least loss on the training targets, no input seen."""
    nothing = torch.zeros(len(bench.train), 1)
    solution = fit_linear_head(bench.task, nothing, bench.targets, torch.ones(len(nothing)), bench.seed)
    return solution.bias.expand(len(inputs), -1).clone()


def shallow(bench: Workbench, inputs: Inputs) -> Tensor:
    """Outputs (N, C) of a linear head on words, or on colours and edges (:mod:`headstart.core.shallow`).

    Raises
    ------
    TypeError : no shallow features are known of such inputs.
    """
    with bench.stopwatch.lap("train"):
        learnt, judged = shallow_features(_Decoded(bench.train), _Decoded(inputs))
        weight, bias = _chosen_head(bench.task, learnt, bench.targets, bench.seed)
        return torch.from_numpy(np.asarray(judged @ weight.T + bias)).float()


def random_weights(bench: Workbench, backbone: Backbone, inputs: Inputs) -> Tensor:
    """Outputs (N, C) of a linear probe on the same network with random weights; nothing is left in the store."""
    alone = _alone(bench, "random_weights")
    network = Network(randomised(backbone, bench), bench.task.head(backbone.feature_size))
    network.requires_grad_(False).eval()
    solve_head(network, alone)
    return alone.outputs(network, inputs, keep=False)


def from_scratch(bench: Workbench, backbone: Backbone, strategy: Strategy, rung: Rung, inputs: Inputs) -> Tensor:
    """Outputs (N, C) of the same network trained from random weights: `rung` of `strategy`, every stage thawed."""
    alone = _alone(bench, "from_scratch")
    start = Network(randomised(backbone, bench), bench.task.head(backbone.feature_size))
    prepared = strategy.prepare(replace(rung, freeze_depth=0), start, alone)
    return alone.outputs(strategy.climb(prepared, alone).network, inputs, keep=False)


def randomised(backbone: Backbone, bench: Workbench) -> Backbone:
    """A copy of `backbone` that has forgotten what it learnt, its normalisation statistics those of the examples.

    Every module with ``reset_parameters`` (PyTorch's own layers) is reset by it; of the parameters left over (class
    tokens, layer scales) the numbers are shuffled, which keeps their size. Running statistics are the mean of those
    of a few training batches: with those of a new layer, 0 and 1, deep networks give next to nothing.

    Raises
    ------
    HeadstartError : a parameter that should have changed has not.
    """
    fresh = copy.deepcopy(backbone).requires_grad_(False).to(bench.device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(digest("random weights", str(bench.seed))[:8], 16))
        _forget(fresh)
    _check_forgotten(backbone, fresh)
    if normalisers := [module for module in fresh.modules() if isinstance(module, _BatchNorm)]:
        _take_statistics(fresh, normalisers, bench)
    return fresh.eval()


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
    order = np.random.default_rng(bench.seed).permutation(len(bench.train))[: 32 * STATISTICS_BATCHES]
    with torch.inference_mode():
        for part in np.array_split(order, max(1, len(order) // 32)):
            batch = collate(bench.train.many(part.tolist()))
            network.features({name: tensor.to(bench.device) for name, tensor in batch.items()})
    for module, momentum in zip(normalisers, usual, strict=True):
        module.momentum = momentum


def _alone(bench: Workbench, name: str) -> Workbench:
    """The same bench with checkpoints of its own, and no store: no later fit asks for random activations."""
    return replace(bench, store=None, folder=bench.folder / name)


class _Decoded(Sequence[Any]):
    """Inputs decoded one at a time, so that a large set need not lie in memory."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self.inputs.raw(index)


def _chosen_head(task: Task, features: Any, encoded: Tensor, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Weight (C, D) and bias (C,) of the penalty with least loss on a fifth held out, solved on all examples."""
    order = np.random.default_rng(seed).permutation(len(encoded))
    cut = max(1, round(HELD_OUT * len(order)))
    held, rest = order[:cut], order[cut:]
    losses = []
    for strength in STRENGTHS:
        weight, bias = _solved(task, features[rest], encoded[torch.from_numpy(rest)], strength)
        outputs = torch.from_numpy(np.asarray(features[held] @ weight.T + bias))
        losses.append(float(task.loss(outputs, encoded[torch.from_numpy(held)])))
    return _solved(task, features, encoded, STRENGTHS[int(np.argmin(losses))])


def _solved(task: Task, features: Any, encoded: Tensor, strength: float) -> tuple[np.ndarray, np.ndarray]:
    """Minimises mean loss + λ/2 ‖W‖², bias free, by L-BFGS; `features` (N, D) may be sparse.

    The other heads standardise their features, which for words would make the rarest the loudest.
    """
    count, width = features.shape
    outputs_wide, penalty = task.outputs, 1 / (strength * count)
    weights = task.balance(encoded)

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weight, bias = flat[:-outputs_wide].reshape(outputs_wide, width), flat[-outputs_wide:]
        outputs = torch.from_numpy(np.asarray(features @ weight.T + bias)).requires_grad_()
        value = task.loss(outputs, encoded, weights)
        (slope,) = torch.autograd.grad(value, outputs)
        pulled = np.asarray(features.T @ slope.numpy()).T + penalty * weight
        total = float(value.detach()) + 0.5 * penalty * float((weight**2).sum())
        return total, np.concatenate([pulled.ravel(), slope.sum(dim=0).numpy()])

    start = np.zeros(outputs_wide * (width + 1))
    flat = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS}).x
    return flat[:-outputs_wide].reshape(outputs_wide, width), flat[-outputs_wide:]
