"""Head training: the backbone stays as it is, and a head is trained on maps of its stages."""

from __future__ import annotations

import copy

from headstart.backbones.base import Backbone
from headstart.model.freezing import FreezePlan
from headstart.model.network import Network
from headstart.strategies._trained_head import head_recipe, with_new_head
from headstart.strategies.base import Climbed, Prepared, Rung, Strategy
from headstart.tasks.base import Task
from headstart.training.recipe import Recipe
from headstart.training.workbench import Workbench


class HeadTraining(Strategy):
    """What feature extraction is for heads that read maps: no equation solves them, so they descend, on stored maps.

    The frozen backbone is run once for every example and view, and never again.

    Parameters
    ----------
    epochs : None for as many as give enough steps.
    views : augmented views of each example; None for a few.
    """

    summary = "freezes the whole backbone and trains a head on maps of its stages"
    needs = "It trains heads that read maps; feature extraction solves those that read pooled features."

    def __init__(self, epochs: int | None = None, views: int | None = None) -> None:
        self.epochs, self.views = epochs, views

    def rungs(self, backbone: Backbone, task: Task, examples: int) -> list[Rung]:
        if not task.reads_maps:
            return []
        return [Rung("head_training", "head_training", len(backbone.stages()), needs_start=False)]

    def recipe(self, rung: Rung, backbone: Backbone, task: Task, examples: int) -> Recipe:
        return head_recipe(backbone, examples, self.epochs, self.views)

    def prepare(self, rung: Rung, start: Network, bench: Workbench) -> Prepared:
        network = with_new_head(copy.deepcopy(start.backbone).requires_grad_(False).eval(), bench)
        plan = FreezePlan(network, rung.freeze_depth)
        plan.apply()
        return Prepared(rung, network, plan, self.recipe(rung, network.backbone, bench.task, len(bench.train)))

    def climb(self, prepared: Prepared, bench: Workbench) -> Climbed:
        climbed = super().climb(prepared, bench)
        climbed.network.head_is_new = False
        return climbed
