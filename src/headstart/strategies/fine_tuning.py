"""Fine-tuning: the head first, then some or all of the backbone, from the frontier on."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from headstart.backbones.base import Backbone
from headstart.core.errors import UsageError
from headstart.model.freezing import FreezePlan, Rates
from headstart.model.network import Network
from headstart.strategies._balanced import balanced, check_balancing
from headstart.strategies._interpolation import check_wanted, part_of_the_way, times_judged
from headstart.strategies.base import Climbed, Prepared, Rung, Strategy
from headstart.tasks.base import Task
from headstart.training.cost import Cost
from headstart.training.recipe import Recipe, views_of
from headstart.training.trial import tried_cost
from headstart.training.workbench import Workbench

LARGE = 200_000_000
"""Parameters above which full fine-tuning needs more memory than a laptop has (weights, gradients, two moments)."""


@dataclass(frozen=True)
class Length:
    """About so many `steps`, in `most` epochs at most; so many epochs in vain end it."""

    steps: int
    most: int
    patience: int


USUAL = Length(steps=200, most=10, patience=4)
"""Under a solved head, which begins where it would end if nothing moved."""

UNDER_MAPS = Length(steps=600, most=24, patience=12)
"""Under a head that reads maps. It answers at every place, so there is more to learn: torchvision's references take
26 epochs. Of 175 pictures of blood cells, 14 epochs of batches of 8 made a detector of mAP 0.538, and 10 of 16, in as
long a time, one of 0.511 (on 92 further pictures of the training split). Figures fall while the rate is high, and
rise as it ends."""

BATCH_UNDER_MAPS = 8

AVERAGING_UNDER_MAPS = 0.97
"""About the last 30 steps. Steps go astray while the rate is high: after four, five and six epochs a detector of
cells had a mAP of 0.499, 0.512 and 0.533 on 92 further pictures of the training split, and its average 0.529, 0.535
and 0.537. Once the rate has fallen both are alike."""

FASTER_UNDER_MAPS = 4.0
"""Times the rate of the backbone, under such a head, for convolutions that are normalised by batch: the same detector
reached 0.559 at 4e-4."""


class FineTuning(Strategy):
    """Continues from a solved head (LP-FT, Kumar et al. 2022, arXiv:2202.10054) with part of the backbone thawed.

    Parameters
    ----------
    freeze_depth : frozen stages of the one rung to offer; None for three rungs: the last quarter of the stages
        trains, the last half, everything. The ladder climbs the first and the last of them by default; under a head
        that reads maps the last alone, which needs the time.
    epochs, learning_rate, batch_size, patience : None for what suits backbone, task and number of examples.
    head_rate : AdamW's peak rate of the head, which was solved on the old features and must follow the new ones.
    layer_decay : factor on the rate for every stage further from the output.
    interpolate : whether weights between the pretrained and the tuned ones are tried on the held-out examples
        (WiSE-FT, Wortsman et al. 2022, arXiv:2109.01903).
    statistics : whether thawed batch normalisation follows the statistics of the new examples.
    smoothing, mixup, brightness, l2_sp, gradual, views, averaging : see
        :class:`~headstart.training.recipe.Recipe`; ``views`` None takes a few augmented views where the preprocessing
        has any, ``averaging`` None averages under a head that reads maps.
    balancing : of several tasks, ``plain``, ``uncertainty`` or ``gradient_surgery``; None for what held-out examples
        prefer, where there is time to try them.
    """

    summary = "trains the last stages, or all, from a solved head on"

    def __init__(
        self,
        freeze_depth: int | None = None,
        epochs: int | None = None,
        learning_rate: float | None = None,
        batch_size: int | None = None,
        head_rate: float = 1e-3,
        layer_decay: float = 1.0,
        smoothing: float = 0.05,
        mixup: float = 0.0,
        brightness: float = 0.0,
        l2_sp: float = 0.0,
        gradual: bool = False,
        patience: int | None = None,
        views: int | None = None,
        statistics: bool = False,
        interpolate: bool = False,
        balancing: str | None = None,
        averaging: float | None = None,
    ) -> None:
        check_balancing(balancing)
        self.balancing, self.averaging = balancing, averaging
        self.freeze_depth, self.epochs, self.learning_rate = freeze_depth, epochs, learning_rate
        self.batch_size, self.head_rate, self.layer_decay = batch_size, head_rate, layer_decay
        self.smoothing = smoothing
        self.mixup, self.brightness, self.l2_sp, self.gradual = mixup, brightness, l2_sp, gradual
        self.patience, self.views, self.statistics = patience, views, statistics
        self.interpolate = interpolate

    def rungs(self, backbone: Backbone, task: Task, examples: int) -> list[Rung]:
        check_wanted(self.interpolate, task)
        stages = len(backbone.stages())
        if self.freeze_depth is not None:
            if not 0 <= self.freeze_depth <= stages:
                raise UsageError(f"freeze_depth={self.freeze_depth}: {backbone.card.name} has {stages} stages")
            reach = 1 - self.freeze_depth / stages
            return [Rung(f"fine_tuning_from_{self.freeze_depth}", "fine_tuning", self.freeze_depth, reach)]
        small = sum(p.numel() for p in backbone.parameters()) <= LARGE
        climbed = ({"full"} if small else set()) | (set() if small and task.reads_maps else {"last"})
        depths = {"last": stages - max(1, round(stages / 4)), "half": stages // 2, "full": 0}
        return [
            Rung(
                f"fine_tuning_{name}",
                "fine_tuning",
                depth,
                1 - depth / stages,
                by_default=name in climbed,
            )
            for name, depth in depths.items()
        ]

    def plan(self, network: Network, rung: Rung) -> FreezePlan:
        return FreezePlan(network, rung.freeze_depth, statistics=self.statistics)

    def predicted_cost(self, prepared: Prepared, bench: Workbench) -> Cost:
        return tried_cost(prepared.plan, prepared.recipe, bench, times_judged(self.interpolate, bench))

    def climb(self, prepared: Prepared, bench: Workbench) -> Climbed:
        """Train the rung, several tasks with what balances their losses best, and go back part of the way."""
        return part_of_the_way(self._trained, prepared, bench, self.interpolate, prepared.network.state_dict())

    def _trained(self, prepared: Prepared, bench: Workbench) -> Climbed:
        return balanced(super().climb, prepared, bench, self.balancing)

    def recipe(self, rung: Rung, backbone: Backbone, task: Task, examples: int) -> Recipe:
        rate = self.learning_rate or backbone.learning_rate * _faster(backbone, task)
        batch = self.batch_size or (BATCH_UNDER_MAPS if task.reads_maps else 32 if examples >= 500 else 16)
        length = UNDER_MAPS if task.reads_maps else USUAL
        averaging = AVERAGING_UNDER_MAPS if task.reads_maps else 0.0
        return Recipe(
            epochs=self.epochs or epochs_for(examples, batch, length),
            batch_size=batch,
            rates=Rates(rate, self.head_rate, layer_decay=self.layer_decay),
            smoothing=self.smoothing,
            mixup=self.mixup,
            brightness=self.brightness,
            l2_sp=self.l2_sp,
            views=views_of(backbone.preprocess, self.views),
            patience=length.patience if self.patience is None else self.patience,
            gradual=self.gradual,
            balancing=self.balancing or "plain",
            averaging=averaging if self.averaging is None else self.averaging,
        )


def _faster(backbone: Backbone, task: Task) -> float:
    """How many times its usual rate `backbone` is tuned at."""
    by_batch = any(isinstance(module, nn.BatchNorm2d) for module in backbone.modules())
    return FASTER_UNDER_MAPS if task.reads_maps and by_batch else 1.0


def epochs_for(examples: int, batch: int, length: Length = USUAL) -> int:
    """Enough passes for about so many steps; of 200 with 32: 10 on the smallest sets, 4 on 1,600, 3 from 2,000 on."""
    return max(3, min(length.most, round(length.steps * batch / max(examples, 1))))
