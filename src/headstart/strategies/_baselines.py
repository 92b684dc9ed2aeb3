"""What a model must beat: the commonest answer, shallow features, and the same network without its pretraining."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from headstart.backbones.base import Backbone, collate
from headstart.core.errors import HeadstartError
from headstart.core.files import digest, write_json
from headstart.core.shallow import MOST_WORDS, Given, shallow_features
from headstart.frozen.frontier import WHOLE
from headstart.frozen.inputs import Inputs
from headstart.model.network import Network, new_network
from headstart.strategies import _linear_head, _sparse_head
from headstart.strategies._linear_head import STRENGTHS, fit_linear_head, fit_parts, side_by_side
from headstart.strategies._solved_head import solve_head
from headstart.strategies._sparse_head import MOST_WEIGHTS, fit_sparse_head
from headstart.strategies.base import Rung, Strategy
from headstart.training.ending import Ending
from headstart.training.workbench import KEPT_FOR_THE_END, Workbench

STATISTICS_BATCHES, STATISTICS_BATCH = 8, 32
"""Batches from which a random network takes its normalisation statistics."""

TRIED = 16
"""Inputs whose shallow features are timed, to predict how long all take."""

TRIED_FORWARD = 4
MOST_EPOCHS = 100
"""A network without pretraining is trained no longer than this, whatever the budget allows."""


def majority(bench: Workbench, inputs: Inputs) -> Tensor:
    """Outputs (N, C) that say the same of every input: what has least loss on the training targets, no input seen."""
    nothing = torch.zeros(len(bench.train), 1)
    solutions = []
    for part in bench.task.parts(bench.targets):
        known, same = part.encoded[part.rows], torch.ones(len(part.rows))
        solutions.append(
            fit_linear_head(part.task, nothing[part.rows], known, same, bench.seed, strength=STRENGTHS[0])
        )
    return side_by_side(solutions).bias.expand(len(inputs), -1).clone()


def shallow(bench: Workbench, learnt: Given, judged: Given) -> Tensor:
    """Outputs (M, C) of a linear head on words, or on colours and edges (:mod:`headstart.core.shallow`).

    Parameters
    ----------
    learnt, judged : the bench's N training inputs and M others.

    Raises
    ------
    TypeError : no shallow features are known of such inputs.
    """
    task = bench.task
    with bench.stopwatch.lap("train"):
        seen, new = shallow_features(learnt, judged, _most_words(bench))
        if not isinstance(seen, np.ndarray):
            outputs = []
            for part in task.parts(bench.targets):
                rows = part.rows
                weight, bias = fit_sparse_head(part.task, seen[rows.numpy()], part.encoded[rows], bench.seed)
                outputs.append(torch.from_numpy(np.asarray(new @ weight + bias)).float())
            return torch.cat(outputs, dim=1)
        solution = fit_parts(task, torch.from_numpy(seen).float(), bench.targets, bench.seed)
        return torch.from_numpy(new).float() @ solution.weight.T + solution.bias


def shallow_seconds(bench: Workbench, learnt: Given, judged: Given) -> float:
    """About how long :func:`shallow` takes here, from the features of a few inputs.

    Raises
    ------
    TypeError : no shallow features are known of such inputs.
    """
    sample = learnt[:TRIED]
    seconds = []
    for _ in range(2):  # the first time imports what it takes
        began = time.perf_counter()
        features, _ = shallow_features(sample, sample[:1], _most_words(bench))
        seconds.append((time.perf_counter() - began) / (len(sample) + 1))
    count, outputs = len(bench.train), bench.task.outputs
    if not isinstance(features, np.ndarray):
        solving = _sparse_head.predicted_seconds(features, count, outputs)
    else:
        solving = _linear_head.predicted_seconds(count, features.shape[1], outputs)
    return min(seconds) * (count + len(judged)) + solving


def random_weights(bench: Workbench, backbone: Backbone, inputs: Inputs) -> Tensor:
    """Outputs (N, C) of a linear probe on the same network with random weights; nothing is left in the store."""
    return _probe(_alone(bench, "random_weights"), randomised(backbone, bench), inputs)


def pretrained(bench: Workbench, backbone: Backbone, inputs: Inputs) -> Tensor:
    """Outputs (N, C) of a linear probe on the network as it was pretrained: what random weights are compared with."""
    return _probe(replace(bench, folder=bench.folder / "pretrained", compared=None), backbone, inputs)


def random_weights_seconds(bench: Workbench, backbone: Backbone, inputs: Inputs) -> float:
    """About how long :func:`random_weights` takes here with plain PyTorch, as the engines' trial has found, or else
    from running the network on a few inputs."""
    tried = [choice.plain_seconds for choice in bench.engines.choices if choice.part == WHOLE]
    each = next((seconds for seconds in reversed(tried) if seconds), None) or _seconds_each(bench, backbone)
    statistics = min(STATISTICS_BATCHES * STATISTICS_BATCH, len(bench.train))
    solving = _linear_head.predicted_seconds(len(bench.train), backbone.feature_size, bench.task.outputs)
    return each * (len(bench.train) + len(inputs) + statistics) + solving


def _seconds_each(bench: Workbench, backbone: Backbone) -> float:
    backbone = backbone.to(bench.device).eval()
    seconds = []
    for _ in range(2):  # the first time warms up
        began = time.perf_counter()
        with torch.inference_mode():
            backbone.features(bench.sample(TRIED_FORWARD))
        seconds.append((time.perf_counter() - began) / TRIED_FORWARD)
    return min(seconds)


def from_scratch(
    bench: Workbench, backbone: Backbone, strategy: Strategy, rung: Rung, inputs: Inputs, seconds: float
) -> Tensor:
    """Outputs (N, C) of the same network trained from random weights: `rung` of `strategy`, every stage thawed.

    The recipe is that of the rung, but for its length: what has learnt nothing yet needs more epochs, so it gets as
    many as fit into `seconds`, and the best of them by the held-out examples.
    """
    untaught = backbone.detector and backbone.detector.untaught()
    alone = replace(
        _alone(bench, "from_scratch"),
        task=bench.task.starting_from(untaught),
        deadline=(bench.stopwatch.total + seconds) / (1 - KEPT_FOR_THE_END),
        ending=Ending(),
    )
    start = new_network(randomised(backbone, bench), alone.task)
    start.head_is_new = not start.maps  # one that must be trained anyway has nothing to learn from random maps
    prepared = strategy.prepare(replace(rung, freeze_depth=0), start, alone)
    recipe = prepared.recipe
    decided = alone.folder / "epochs.json"  # for a fit that is killed and resumed
    if not decided.exists():
        fitting = recipe.epochs * seconds / max(strategy.predicted_cost(prepared, alone).of(recipe.epochs), 1e-9)
        write_json(decided, {"epochs": int(max(recipe.epochs, min(MOST_EPOCHS, fitting)))})
    epochs = json.loads(decided.read_text(encoding="utf-8"))["epochs"]
    longer = replace(recipe, epochs=epochs, patience=max(recipe.patience, recipe.patience * epochs // recipe.epochs))
    climbed = strategy.climb(replace(prepared, recipe=longer), alone)
    return alone.outputs(climbed.network, inputs, keep=False)


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
    order = np.random.default_rng(bench.seed).permutation(len(bench.train))[: STATISTICS_BATCH * STATISTICS_BATCHES]
    with torch.inference_mode():
        for part in np.array_split(order, max(1, len(order) // STATISTICS_BATCH)):
            batch = collate(bench.train.many(part.tolist()))
            network.features({name: tensor.to(bench.device) for name, tensor in batch.items()})
    for module, momentum in zip(normalisers, usual, strict=True):
        module.momentum = momentum


def _probe(bench: Workbench, backbone: Backbone, inputs: Inputs) -> Tensor:
    network = Network(backbone, bench.task.head(backbone.feature_size))
    network.requires_grad_(False).eval()
    solve_head(network, bench)
    return bench.outputs(network, inputs, keep=bench.store is not None)


def _alone(bench: Workbench, name: str) -> Workbench:
    """The same bench with checkpoints of its own, nothing pretrained, and no store: no later fit asks for random
    activations."""
    return replace(bench, store=None, folder=bench.folder / name, compared=None, pretrained=None, old=None)


def _most_words(bench: Workbench) -> int:
    return max(1, min(MOST_WORDS, MOST_WEIGHTS // bench.task.outputs))
