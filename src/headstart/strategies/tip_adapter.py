"""Tip-Adapter: the names, and a cache of the few known examples that vote for their classes; nothing is trained."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from headstart.backbones.base import Backbone
from headstart.core.units import numbered
from headstart.model.freezing import FreezePlan, Rates
from headstart.model.heads import CacheHead
from headstart.model.network import Network, set_linear
from headstart.strategies._named_head import NEEDS_WORDS, gives_directions, told_once
from headstart.strategies._solved_head import features_of
from headstart.strategies.base import Climbed, Prepared, Rung, Strategy
from headstart.tasks.base import Task
from headstart.training.cost import Cost
from headstart.training.recipe import Recipe
from headstart.training.workbench import Workbench

FEW = 16
"""Examples a class up to which it is climbed by default: so many the paper has at most."""

MOST = 5000
"""Examples that a cache holds at most: each costs a product with every input."""

SHARPNESS = (1.0, 2.0, 5.5, 10.0, 20.0)
WEIGHTS = (0.1, 0.3, 1.0, 3.0, 10.0)
"""Values of β and α tried; the paper's search for ImageNet runs from 1 to 7 and from 1 to 3."""


class TipAdapter(Strategy):
    """The training-free Tip-Adapter (Zhang et al. 2022, arXiv:2111.03930): logits of the names + α A(f K) V.

    Where the paper searches α and β on held-out examples, each example is judged here by the others (its own vote is
    left out, and its relatives'), so that none need be held out.
    """

    summary = "reads the names, and lets the few known examples vote; for one to sixteen a class"
    needs = NEEDS_WORDS + f" Nor does it take more than {MOST:,} examples."

    def rungs(self, backbone: Backbone, task: Task, examples: int) -> list[Rung]:
        if not gives_directions(backbone, task) or not task.one_class or examples > MOST:
            return []
        few = examples <= FEW * task.outputs
        return [Rung("tip_adapter", "tip_adapter", len(backbone.stages()), by_default=few, needs_start=False)]

    def recipe(self, rung: Rung, backbone: Backbone, task: Task, examples: int) -> Recipe:
        """Nothing is trained: the recipe only says that every example is seen."""
        return Recipe(epochs=1, batch_size=max(examples, 1), rates=Rates(0.0, 0.0))

    def prepare(self, rung: Rung, start: Network, bench: Workbench) -> Prepared:
        named = told_once(start, bench)
        head = CacheHead(named.directions.shape[1], bench.task.outputs, len(bench.train))
        set_linear(head.names, named.scale * named.directions, torch.zeros(bench.task.outputs))
        network = Network(named.backbone, head)
        plan = FreezePlan(network, len(network.backbone.stages()))
        plan.apply()
        return Prepared(rung, network, plan, self.recipe(rung, network.backbone, bench.task, len(bench.train)))

    def predicted_cost(self, prepared: Prepared, bench: Workbench) -> Cost:
        part = bench.frozen_part(prepared.network)
        missing = part.missing(bench.train) + (part.missing(bench.validation) if bench.validation else 0)
        reading = missing * part.seconds_per_example(bench.train, missing) if missing else 0.0
        return Cost(reading + 0.1 + len(SHARPNESS) * len(WEIGHTS) * len(bench.train) ** 2 * bench.task.outputs / 1e10)

    def climb(self, prepared: Prepared, bench: Workbench) -> Climbed:
        network, before = prepared.network.cpu(), prepared.plan.snapshot()
        features = functional.normalize(features_of(network, bench.frozen_part(network).over(bench.train)), dim=1)
        network.cpu()
        head = network.head
        if not isinstance(head, CacheHead):
            raise TypeError(f"the head is a {type(head).__name__}, not a cache")
        with bench.stopwatch.lap("train"), torch.no_grad():
            head.keys.copy_(features)
            balanced = bench.task.balance(bench.targets)[:, None]
            head.votes.copy_(balanced * functional.one_hot(bench.targets, bench.task.outputs))
            alpha, beta = settled(bench.task, head, features, bench.targets, bench.train.units)
            head.weight.fill_(alpha)
            head.sharpness.fill_(beta)
        network.head_is_new = False
        prepared.plan.verify(before)
        return Climbed(network, sum(parameter.numel() for parameter in head.parameters()))


def settled(
    task: Task, head: CacheHead, features: Tensor, encoded: Tensor, units: np.ndarray | None = None
) -> tuple[float, float]:
    """α and β of least loss, once calibrated, of the examples judged by each other.

    Parameters
    ----------
    features : (N, D) of length 1, the keys of the cache. encoded : their N classes.
    units : (N,) int, the same for relatives, which do not vote for each other; None where there are none.
    """
    names, near = head.names(features), features @ features.T
    numbers = torch.from_numpy(numbered(units, len(features)))
    kin = numbers[:, None] == numbers
    losses: dict[tuple[float, float], float] = {}
    for beta in SHARPNESS:
        affinity = torch.exp(-beta * (1 - near)).masked_fill_(kin, 0.0)
        votes = affinity @ head.votes
        for alpha in WEIGHTS:
            outputs = names + alpha * votes
            calibrated = task.calibrated(outputs, task.calibrate(outputs, encoded))
            losses[alpha, beta] = float(task.loss(calibrated, encoded, task.balance(encoded)))
    return min(losses, key=lambda pair: losses[pair])
