"""What a model must beat: the commonest answer, shallow features, and the same network without its pretraining."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from headstart.backbones.base import Backbone
from headstart.core.files import write_json
from headstart.core.shallow import MOST_WORDS, Given, shallow_features
from headstart.frozen.choosing import WithoutTrial
from headstart.frozen.inputs import Inputs
from headstart.model.network import Network, new_network
from headstart.strategies import _linear_head, _sparse_head
from headstart.strategies._linear_head import STRENGTHS, fit_linear_head, fit_parts, side_by_side
from headstart.strategies._random_weights import randomised
from headstart.strategies._solved_head import solve_head
from headstart.strategies._sparse_head import MOST_WEIGHTS, fit_sparse_head
from headstart.strategies.base import Rung, Strategy
from headstart.training.ending import Ending
from headstart.training.workbench import KEPT_FOR_THE_END, Workbench

TRIED = 16
"""Inputs whose shallow features are timed, to predict how long all take."""

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
    HeadstartError : no shallow features are known of such inputs.
    """
    task = bench.task
    with bench.stopwatch.lap("train"):
        seen, new = shallow_features(learnt, judged, _most_words(bench))
        units = bench.train.units
        if not isinstance(seen, np.ndarray):
            outputs = []
            for part in task.parts(bench.targets):
                rows = part.rows.numpy()
                own = None if units is None else units[rows]
                weight, bias = fit_sparse_head(part.task, seen[rows], part.encoded[part.rows], bench.seed, own)
                outputs.append(torch.from_numpy(np.asarray(new @ weight + bias)).float())
            return torch.cat(outputs, dim=1)
        solution = fit_parts(task, torch.from_numpy(seen).float(), bench.targets, bench.seed, units)
        return torch.from_numpy(new).float() @ solution.weight.T + solution.bias


def shallow_seconds(bench: Workbench, learnt: Given, judged: Given) -> float:
    """About how long :func:`shallow` takes here, from the features of a few inputs.

    Raises
    ------
    HeadstartError : no shallow features are known of such inputs.
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


def random_weights(bench: Workbench, backbone: Backbone, inputs: Inputs, trial: bool = True) -> Tensor:
    """Outputs (N, C) of a linear probe on the same network with random weights; nothing is left in the store.

    Parameters
    ----------
    trial : other engines than plain PyTorch are tried: for a few inputs that would be most of the work.
    """
    alone = _alone(bench, "random_weights")
    if not trial:
        alone = replace(alone, engines=WithoutTrial())
    return _probe(alone, randomised(backbone, bench), inputs)


def pretrained(bench: Workbench, backbone: Backbone, inputs: Inputs) -> Tensor:
    """Outputs (N, C) of a linear probe on the network as it was pretrained: what random weights are compared with."""
    return _probe(replace(bench, folder=bench.folder / "pretrained", compared=None), backbone, inputs)


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
