"""The contract of a strategy: which rungs it offers, what each trains, and what it will cost."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import ClassVar

from headstart.backbones.base import Backbone, Named
from headstart.model.freezing import FreezePlan
from headstart.model.network import Network
from headstart.strategies._solved_head import start_from_solved_head
from headstart.tasks.base import Task
from headstart.training.cost import Cost
from headstart.training.early_stopping import best_epoch
from headstart.training.recipe import Recipe
from headstart.training.trial import tried_cost
from headstart.training.workbench import Workbench


@dataclass(frozen=True)
class Rung:
    """One strategy at one freeze depth.

    ``freeze_depth`` counts frozen stages. ``reach`` is the share of the backbone that gradients pass through, from
    0 to 1; it orders the ladder from cheap to dear. ``by_default`` is False for a rung that is climbed only when its
    strategy is asked for. ``needs_start`` says that it continues from the rung below. ``learns`` is False for a rung
    that learns from no example, which goes before others of its reach. ``for_few`` is True for a rung that is made
    for a few examples of each class: it is climbed before others that train the backbone, and where none can be held
    out.
    """

    name: str
    strategy: str
    freeze_depth: int
    reach: float = 0.0
    by_default: bool = True
    needs_start: bool = True
    learns: bool = True
    for_few: bool = False

    def counted_reach(self, under_maps: bool) -> float:
        """The reach by which a rung counts as simple: none where it is made for few examples, since it costs in use
        what a head does, and so few cannot show a gain beyond one standard error.

        Nor under a head that reads maps, which is trained as the backbone is. On four divisions of 148 pictures of
        the training split of raccoons, 45 that judged had a mAP higher by 0.004 to 0.104 where all was tuned; of 21
        that were held out only two divisions showed that beyond one standard error (0.018, -0.001, 0.069, 0.066).
        """
        return 0.0 if self.for_few or under_maps else self.reach


@dataclass(frozen=True)
class Prepared:
    """A rung ready to be climbed: its own copy of the network, the freeze plan, and the recipe.

    ``tuned_share`` is how far from the pretrained weights towards what training gives the network is to go, where
    that was decided before; None where it is not.
    """

    rung: Rung
    network: Network
    plan: FreezePlan
    recipe: Recipe
    tuned_share: float | None = None


@dataclass(frozen=True)
class Climbed:
    """A finished rung: the network, its learning curve, and the epochs that were worth it.

    ``tuned_share`` is how far from the pretrained weights towards the tuned ones the network went: 1 for all the way.
    ``choosing`` are seconds spent on other ways to train, which were not taken.
    """

    network: Network
    trainable_parameters: int
    curve: list[dict[str, float]] = field(default_factory=list)
    best_epochs: int = 0
    tuned_share: float = 1.0
    choosing: float = 0.0


class Strategy(ABC):
    """One way to move knowledge. File name = plug-in name; the constructor only stores settings."""

    summary: ClassVar[str]
    """What it does, in a sentence a person understands."""

    needs: ClassVar[str] = ""
    """What it cannot do without, in a sentence, where it may have no rung to offer."""

    prompts: tuple[str, ...] = ()
    """Templates that names are read in, where they are not the backbone's own."""

    goes_back: ClassVar[bool] = True
    """False where it moves the backbone and cannot go part of the way back, by which an old task is kept."""

    def from_names(self, backbone: Backbone, task: Task) -> Named | None:
        """What `backbone` makes of the names of the task's classes, where this strategy needs no example; else None.

        Raises
        ------
        UsageError : the backbone knows no words.
        """
        return None

    @abstractmethod
    def rungs(self, backbone: Backbone, task: Task, examples: int) -> list[Rung]:
        """The rungs it offers for this backbone, cheapest first."""

    @abstractmethod
    def recipe(self, rung: Rung, backbone: Backbone, task: Task, examples: int) -> Recipe:
        """How to train `rung` on this many examples."""

    def prepare(self, rung: Rung, start: Network, bench: Workbench) -> Prepared:
        """A copy of `start` with what the rung trains thawed.

        The default solves the head first if it is new, and thaws what :meth:`plan` says.
        """
        network = copy.deepcopy(start)
        start_from_solved_head(network, bench)
        plan = self.plan(network, rung)
        plan.apply()
        return Prepared(rung, network, plan, self.recipe(rung, network.backbone, bench.task, len(bench.train)))

    def plan(self, network: Network, rung: Rung) -> FreezePlan:
        """What `rung` thaws in `network`: by default the stages above its freeze depth."""
        return FreezePlan(network, rung.freeze_depth)

    def predicted_cost(self, prepared: Prepared, bench: Workbench) -> Cost:
        """What the rung will take here, from a trial on a first batch."""
        return tried_cost(prepared.plan, prepared.recipe, bench)

    def climb(self, prepared: Prepared, bench: Workbench) -> Climbed:
        """Train the rung. The default runs the training loop from the frontier on."""
        moment = bench.train_network(prepared.plan, prepared.recipe, prepared.rung.name)
        watched = bench.task.watched
        best = best_epoch(moment.curve, watched, bench.task.higher_is_better[watched])
        epochs = len(moment.curve) if best is None else best + 1
        return Climbed(prepared.network, prepared.plan.trainable_parameters, moment.curve, epochs)

    def again(self, prepared: Prepared, epochs: int) -> Prepared:
        """The same rung for exactly `epochs` epochs, for training on every example without early stopping."""
        return replace(prepared, recipe=replace(prepared.recipe, epochs=max(epochs, 1)))
