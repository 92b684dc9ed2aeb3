"""Feature extraction: the backbone stays as it is, and a linear head is solved on its features."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import torch
from torch.nn import functional

from headstart.backbones.base import Backbone
from headstart.model.freezing import FreezePlan, Rates
from headstart.model.network import Network, set_linear
from headstart.strategies._linear_head import Solution, predicted_seconds
from headstart.strategies._solved_head import solve_head, solve_heads
from headstart.strategies.base import Climbed, Prepared, Rung, Strategy
from headstart.tasks.base import Task
from headstart.training.cost import Cost
from headstart.training.recipe import Recipe
from headstart.training.workbench import Workbench

SEVERAL_DEPTHS = 2
"""A head on several depths is taken to cost this many times one on the last features, whose width alone is known."""


class FeatureExtraction(Strategy):
    """A linear head on the last features, or on features from several depths where that has less held-out loss.

    Features from several depths: Head2Toe (Evci et al. 2022, arXiv:2201.03529). Where the paper selects features
    by a group lasso, the ridge penalty and the cross-validated choice between few and many do it here. Each part of a
    task chooses for itself: one may read the last features and another those from every depth.

    Parameters
    ----------
    depths : whether several depths are tried at all.
    """

    summary = "freezes the whole backbone and solves a linear head on its features"
    needs = "It solves heads that read pooled features; head training trains those that read maps."

    def __init__(self, depths: bool = True) -> None:
        self.depths = depths

    def rungs(self, backbone: Backbone, task: Task, examples: int) -> list[Rung]:
        if task.reads_maps:
            return []
        return [Rung("feature_extraction", "feature_extraction", len(backbone.stages()), needs_start=False)]

    def recipe(self, rung: Rung, backbone: Backbone, task: Task, examples: int) -> Recipe:
        """Solved, not trained: the recipe only says that every example is seen."""
        return Recipe(epochs=1, batch_size=examples, rates=Rates(0.0, 0.0))

    def prepare(self, rung: Rung, start: Network, bench: Workbench) -> Prepared:
        backbone = copy.deepcopy(start.backbone).requires_grad_(False).eval()
        network = Network(backbone, bench.task.head(backbone.feature_size))
        plan = FreezePlan(network, rung.freeze_depth)
        plan.apply()
        return Prepared(rung, network, plan, self.recipe(rung, backbone, bench.task, len(bench.train)))

    def predicted_cost(self, prepared: Prepared, bench: Workbench) -> Cost:
        part = bench.frozen_part(prepared.network)
        missing = part.missing(bench.train) + (part.missing(bench.validation) if bench.validation else 0)
        heads = 1 + SEVERAL_DEPTHS * self.depths
        solving = heads * predicted_seconds(len(bench.train), prepared.network.head_features, bench.task.outputs)
        return Cost(solving + 0.2 + (missing * part.seconds_per_example(bench.train, missing) if missing else 0.0))

    def climb(self, prepared: Prepared, bench: Workbench) -> Climbed:
        before = prepared.plan.snapshot()
        candidates = [prepared.network]
        if self.depths:
            candidates.append(several_depths(prepared.network, bench))
        # On every example, what won without the held-out ones is solved again: its loss lies with the compared head.
        judging = bench.compared or bench
        solved = solve_heads(candidates, judging)
        chosen = [_least(heads) for heads in zip(*(s.each for s in solved), strict=True)]
        if judging is not bench:
            solved = [
                solve_head(network, bench) if i in chosen else solved[i] for i, network in enumerate(candidates)
            ]
        best = candidates[max(chosen)]
        if len(set(chosen)) > 1:
            best = _each_at_its_depths(best, solved, chosen)
        prepared.plan.verify(before)
        return Climbed(best, sum(parameter.numel() for parameter in best.head.parameters()))


def _least(heads: Sequence[Solution]) -> int:
    """The place of least held-out loss, or the first where there was nothing to hold out."""
    losses = [min(head.scores, default=math.inf) for head in heads]
    return losses.index(min(losses))


def _each_at_its_depths(network: Network, solved: list[Solution], chosen: list[int]) -> Network:
    """`network`, which reads every depth, its head made of the heads `chosen` for the parts of a task.

    A head on the last features alone gives those of other depths, which come before them, no weight.
    """
    width = network.head_features
    heads = [solved[choice].each[part] for part, choice in enumerate(chosen)]
    weight = torch.cat([functional.pad(head.weight, (width - head.weight.shape[1], 0)) for head in heads])
    set_linear(network.head, weight, torch.cat([head.bias for head in heads]))
    return network


def several_depths(network: Network, bench: Workbench) -> Network:
    """The same backbone, which is frozen, under a new head that reads every depth.

    Their names and widths are those of the features of the first example, which the head is solved on.
    """
    by_depth = bench.frozen_part(network).over(bench.train).batch([0])
    width = sum(tensor.shape[1] for tensor in by_depth.values())
    return Network(network.backbone, bench.task.head(width), tuple(by_depth))
