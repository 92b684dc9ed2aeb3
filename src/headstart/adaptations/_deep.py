"""What adaptations that change the backbone share: which part trains, how long, and the features afterwards."""

from __future__ import annotations

import copy
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from headstart.adaptations.base import Adapted, Deep, Domains
from headstart.frozen.inputs import Inputs
from headstart.model.freezing import FreezePlan, Rates
from headstart.model.network import Network, set_linear
from headstart.strategies._linear_head import fit_linear_head
from headstart.strategies._solved_head import features_of
from headstart.training.recipe import Recipe
from headstart.training.time_limit import TimeLimit
from headstart.training.trial import tried_cost
from headstart.training.workbench import Course, Workbench

THAWED = 0.25
"""Share of the stages, from the output, that train: the rest is run once and stored."""

STEPS = 200
BATCH = 32
HEAD_RATE = 1e-3


def needed(domains: Domains) -> Deep:
    """What it takes to train.

    Raises
    ------
    ValueError : it is not there: the adaptation was asked without looking at ``missing``.
    """
    if domains.deep is None:
        raise ValueError("a deep adaptation was asked without inputs; ask missing(domains) first")
    return domains.deep


def lacking(domains: Domains) -> str:
    """Why the backbone cannot be trained here, in words; empty where it can."""
    return "only the stored features are to be used" if domains.deep is None else ""


def on_last_features(domains: Domains) -> Domains:
    """The same domains under a head that reads the last features alone, which a trained backbone hands on.

    A head on several depths is solved anew on the last features of the source examples.
    """
    if not domains.network.depths:
        return domains
    last = domains.depths()[-1]
    source, target = (np.ascontiguousarray(part[:, last]) for part in (domains.source, domains.target))
    classes = torch.from_numpy(domains.classes.astype(np.int64))
    weights = domains.task.balance(classes).float()
    head = fit_linear_head(domains.task, torch.from_numpy(source), classes, weights, domains.seed)
    network = Network(domains.network.backbone, domains.task.head(source.shape[1]))
    set_linear(network.head, head.weight, head.bias)
    network.head_is_new = False
    outputs = torch.from_numpy(target) @ head.weight.T + head.bias
    return replace(
        domains, network=network, source=source, target=target, outputs=outputs, strength=head.strength, widths=()
    )


def thawed(domains: Domains, head_too: bool) -> tuple[FreezePlan, Recipe]:
    """A copy of the network whose last stages train, with or without its head, and the recipe for it."""
    network = copy.deepcopy(domains.network).requires_grad_(False)
    stages = len(network.backbone.stages())
    plan = FreezePlan(network, stages - max(1, round(stages * THAWED)), statistics=False)
    if not head_too:
        plan.trainable = frozenset(name for name in plan.trainable if name.startswith("backbone."))
    plan.apply()
    rates = Rates(network.backbone.learning_rate, HEAD_RATE)
    return plan, Recipe(epochs=1, batch_size=BATCH, rates=rates)


def training_seconds(domains: Domains, head_too: bool, inputs: Inputs, encoded: Tensor) -> float:
    """What :func:`trained` will take on `inputs` (N), from a trial on a first batch."""
    plan, recipe = thawed(on_last_features(domains), head_too)
    epochs = _epochs(recipe, inputs)
    with tempfile.TemporaryDirectory(prefix="headstart-adapt-") as folder:
        bench = needed(domains).bench(inputs, encoded, Path(folder))
        return tried_cost(plan, replace(recipe, epochs=epochs), bench).of(epochs)


def _epochs(recipe: Recipe, inputs: Inputs) -> int:
    """So many make about STEPS steps."""
    return max(2, min(20, round(STEPS * recipe.batch_size / max(len(inputs), 1))))


def trained(
    domains: Domains, plan: FreezePlan, recipe: Recipe, inputs: Inputs, encoded: Tensor, course: Course
) -> tuple[Network, str]:
    """The plan's network trained on `inputs` (N) with their `encoded` targets for about STEPS steps, and a note.

    There are fewer steps where a trial promised too much, which the note says.
    """
    deep = needed(domains)
    epochs = _epochs(recipe, inputs)
    with tempfile.TemporaryDirectory(prefix="headstart-adapt-") as folder:
        bench: Workbench = deep.bench(inputs, encoded, Path(folder))
        limited = replace(course, callbacks=[*course.callbacks, TimeLimit(bench.stopwatch, bench.deadline)])
        ended = bench.train_network(plan, replace(recipe, epochs=epochs), "adapt", limited)
    note = f"stopped after {ended.epoch} of {epochs} epochs for want of time" if ended.epoch < epochs else ""
    return plan.network.requires_grad_(False).eval(), note


def looked(deep: Deep, network: Network, inputs: Inputs) -> np.ndarray:
    """What the head of a finished `network` reads of `inputs`, (N, D)."""
    with tempfile.TemporaryDirectory(prefix="headstart-adapt-") as folder:
        bench = deep.bench(inputs, torch.zeros(len(inputs), dtype=torch.long), Path(folder))
        part = bench.frozen_part(network.requires_grad_(False).eval(), keep=False)
        return features_of(network, part.over(inputs)).float().numpy()


def finished(domains: Domains, network: Network, source: np.ndarray | None = None, note: str = "") -> Adapted:
    """What came of it. Without `source` the source features stay: where the head stood still, the new inputs were
    brought to where those lie."""
    network = network.cpu()
    network.head_is_new = False
    deep = needed(domains)
    target = looked(deep, network, deep.target)
    with torch.no_grad():
        outputs = network.cpu().head(torch.from_numpy(target)).float()
    return Adapted(network, target, outputs, domains.source if source is None else source, note)
