"""Zero-shot: the names of the classes alone tell them apart; no example is learnt from."""

from __future__ import annotations

import time

from headstart.backbones.base import Backbone, Named
from headstart.model.freezing import FreezePlan, Rates
from headstart.model.network import Network
from headstart.strategies._named_head import NEEDS_WORDS, means_something, named_network, told, told_once
from headstart.strategies.base import Climbed, Prepared, Rung, Strategy
from headstart.tasks.base import Task
from headstart.training.cost import Cost
from headstart.training.recipe import Recipe
from headstart.training.workbench import Workbench


class ZeroShot(Strategy):
    """Compares features with what the backbone makes of the names (Radford et al. 2021, arXiv:2103.00020).

    Parameters
    ----------
    prompt : a template with ``{}`` for the name, in place of the backbone's own.
    """

    summary = "reads the names of the classes and learns from no example"
    needs = NEEDS_WORDS

    def __init__(self, prompt: str | None = None) -> None:
        self.prompt, self.prompts = prompt, (prompt,) if prompt else ()

    def from_names(self, backbone: Backbone, task: Task) -> Named:
        return told(backbone, task.named(), self.prompts)

    def rungs(self, backbone: Backbone, task: Task, examples: int) -> list[Rung]:
        if not means_something(backbone, task):
            return []
        return [Rung("zero_shot", "zero_shot", len(backbone.stages()), needs_start=False, learns=False)]

    def recipe(self, rung: Rung, backbone: Backbone, task: Task, examples: int) -> Recipe:
        """Nothing is trained: the recipe only says so."""
        return Recipe(epochs=1, batch_size=max(examples, 1), rates=Rates(0.0, 0.0))

    def prepare(self, rung: Rung, start: Network, bench: Workbench) -> Prepared:
        network = named_network(told_once(start, bench, self.prompts))
        plan = FreezePlan(network, len(network.backbone.stages()))
        plan.apply()
        return Prepared(rung, network, plan, self.recipe(rung, network.backbone, bench.task, len(bench.train)))

    def predicted_cost(self, prepared: Prepared, bench: Workbench) -> Cost:
        """What judging it takes, where features of the held-out examples are not stored yet."""
        began = time.perf_counter()
        part = bench.frozen_part(prepared.network)
        missing = part.missing(bench.validation) if bench.validation else 0
        judging = missing * part.seconds_per_example(bench.train, missing) if missing else 0.0
        return Cost(judging + time.perf_counter() - began)

    def climb(self, prepared: Prepared, bench: Workbench) -> Climbed:
        return Climbed(prepared.network, 0)
