"""Feature extraction: the backbone stays as it is, and a linear head is solved on its features."""

from __future__ import annotations

import copy
import time

import torch
from torch import Tensor

from headstart.backbones.base import Backbone
from headstart.frozen.activations import Activations, stacked
from headstart.model.freezing import FreezePlan, Rates
from headstart.model.network import Network, set_linear
from headstart.strategies._linear_head import fit_linear_head
from headstart.strategies.base import Climbed, Prepared, Rung, Strategy
from headstart.tasks.base import Task
from headstart.training.recipe import Recipe
from headstart.training.workbench import Workbench

ONE_DEPTH, SEVERAL_DEPTHS = "feature_extraction", "feature_extraction_depths"


class FeatureExtraction(Strategy):
    """A linear head on the last features, and one on features from several depths (Head2Toe, Evci et al. 2022).

    Parameters
    ----------
    depths : also offer the rung that reads several depths.
    """

    summary = "freezes the whole backbone and solves a linear head on its features"

    def __init__(self, depths: bool = True) -> None:
        self.depths = depths

    def rungs(self, backbone: Backbone, task: Task, examples: int) -> list[Rung]:
        everything = len(backbone.stages())
        rungs = [Rung(ONE_DEPTH, "feature_extraction", everything, needs_start=False)]
        if self.depths:
            rungs.append(Rung(SEVERAL_DEPTHS, "feature_extraction", everything, 0.01, needs_start=False))
        return rungs

    def recipe(self, rung: Rung, backbone: Backbone, task: Task, examples: int) -> Recipe:
        """Solved, not trained: the recipe only says that every example is seen."""
        return Recipe(epochs=1, batch_size=examples, rates=Rates(0.0, 0.0))

    def prepare(self, rung: Rung, start: Network, bench: Workbench) -> Prepared:
        backbone = copy.deepcopy(start.backbone).requires_grad_(False).eval()
        depths: tuple[str, ...] = ()
        width = backbone.feature_size
        if rung.name == SEVERAL_DEPTHS:
            with torch.inference_mode():
                by_depth = backbone.depth_features(bench.sample(2))
            depths, width = tuple(by_depth), sum(tensor.shape[1] for tensor in by_depth.values())
        network = Network(backbone, bench.task.head(width), depths)
        plan = FreezePlan(network, rung.freeze_depth)
        plan.apply()
        return Prepared(rung, network, plan, self.recipe(rung, backbone, bench.task, len(bench.train)))

    def predicted_cost(self, prepared: Prepared, bench: Workbench) -> float:
        part = bench.frozen_part(prepared.network)
        missing = part.missing(bench.train) + (part.missing(bench.validation) if bench.validation else 0)
        solving = 1e-9 * len(bench.train) * sum(p.numel() for p in prepared.network.head.parameters()) * 40
        if not missing:
            return solving + 0.2
        count = min(len(bench.train), 16)
        part.compute([bench.train.tensors(i) for i in range(count)])
        start = time.perf_counter()
        part.compute([bench.train.tensors(i) for i in range(count)])
        return (time.perf_counter() - start) / count * missing + solving

    def climb(self, prepared: Prepared, bench: Workbench) -> Climbed:
        network = prepared.network
        before = prepared.plan.snapshot()
        activations = bench.frozen_part(network).over(bench.train)
        with bench.stopwatch.lap("train"):
            features = features_of(network, activations)
            weights = bench.task.balance(bench.targets)
            solution = fit_linear_head(bench.task, features, bench.targets, weights, bench.seed)
            set_linear(network.head, solution.weight, solution.bias)
        prepared.plan.verify(before)
        return Climbed(network, prepared.plan.trainable_parameters)


def features_of(network: Network, activations: Activations) -> Tensor:
    """What the head reads, for all examples: (N, D)."""
    if network.depths:
        return torch.cat([stacked(activations, name) for name in network.depths], dim=1)
    frontier = activations.part.frontier
    return torch.cat([frontier.trained(batch) for batch in activations.batches(1024)])
