"""Prototypes: few examples of each class, and its name as one more, tell the classes apart by direction."""

from __future__ import annotations

import torch

from headstart.backbones.base import Backbone
from headstart.model.freezing import FreezePlan, Rates
from headstart.model.heads import DirectionHead
from headstart.model.network import Network, set_linear
from headstart.strategies._known_classes import COARSE, FOLDS, STRENGTHS, WEIGHTS, solve_with_names
from headstart.strategies._named_head import NEEDS_WORDS, gives_directions, told_once
from headstart.strategies.base import Climbed, Prepared, Rung, Strategy
from headstart.tasks.base import Task
from headstart.training.cost import Cost
from headstart.training.recipe import Recipe
from headstart.training.workbench import Workbench

FEW = 32
"""So many examples a class at most: with more of them a name among them says nothing new."""


class Prototypes(Strategy):
    """A penalised linear head on features of length 1, learnt from the examples and from the names of the classes.

    The name of a class is one more example of it in the space of the features, with a weight (Lin et al. 2023,
    "Multimodality helps unimodality", arXiv:2301.06267): a prior that counts less the more examples there are, as
    in prototypical networks with class descriptions (Snell et al. 2017, arXiv:1703.05175). Penalty and weight are
    found by cross-validation.
    """

    summary = "learns from few examples a class, with its name as one more"
    needs = NEEDS_WORDS

    def rungs(self, backbone: Backbone, task: Task, examples: int) -> list[Rung]:
        if not gives_directions(backbone, task):
            return []
        few = examples <= FEW * task.outputs
        return [Rung("prototypes", "prototypes", len(backbone.stages()), by_default=few, needs_start=False)]

    def recipe(self, rung: Rung, backbone: Backbone, task: Task, examples: int) -> Recipe:
        """Solved, not trained: the recipe only says that every example is seen."""
        return Recipe(epochs=1, batch_size=examples, rates=Rates(0.0, 0.0))

    def prepare(self, rung: Rung, start: Network, bench: Workbench) -> Prepared:
        named = told_once(start, bench)
        network = Network(named.backbone, DirectionHead(named.directions.shape[1], bench.task.outputs))
        set_linear(network.head, named.directions, torch.zeros(bench.task.outputs))
        plan = FreezePlan(network, len(network.backbone.stages()))
        plan.apply()
        return Prepared(rung, network, plan, self.recipe(rung, network.backbone, bench.task, len(bench.train)))

    def predicted_cost(self, prepared: Prepared, bench: Workbench) -> Cost:
        part = bench.frozen_part(prepared.network)
        missing = part.missing(bench.train) + (part.missing(bench.validation) if bench.validation else 0)
        reading = missing * part.seconds_per_example(bench.train, missing) if missing else 0.0
        columns = FOLDS * bench.task.outputs * prepared.network.head_features
        steps = len(WEIGHTS) * len(STRENGTHS) * COARSE[1]
        return Cost(reading + 0.1 + 6 * steps * columns * (len(bench.train) + bench.task.outputs) / 2e10)

    def climb(self, prepared: Prepared, bench: Workbench) -> Climbed:
        before = prepared.plan.snapshot()
        network = prepared.network
        solve_with_names(network, network.head.get_parameter("weight"), bench)
        prepared.plan.verify(before)
        return Climbed(network, sum(parameter.numel() for parameter in network.head.parameters()))
