"""The workbench: the examples, the frozen part and the tools that every rung works with."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from headstart.backbones.base import Backbone, Batch, Named, collate
from headstart.core.kept import Kept, beside
from headstart.core.names import Name
from headstart.core.progress import Progress
from headstart.core.timing import Stopwatch
from headstart.frozen.activations import Activations, FrozenPart
from headstart.frozen.choosing import Engines
from headstart.frozen.frontier import Frontier, find_frontier
from headstart.frozen.inputs import Inputs, joined
from headstart.frozen.store import FrontierStore
from headstart.model.freezing import FreezePlan
from headstart.model.network import Network
from headstart.tasks.base import Part, Task
from headstart.training.balancing import BALANCINGS
from headstart.training.callback import Callback, Moment
from headstart.training.checkpoint import Checkpoint
from headstart.training.early_stopping import EarlyStopping
from headstart.training.ending import Ending
from headstart.training.gradual_unfreezing import GradualUnfreezing
from headstart.training.loop import Job, StepLoss, make_optimizer, outputs_of, run
from headstart.training.old_task import OldTask
from headstart.training.progress_bar import ProgressBar
from headstart.training.recipe import Recipe
from headstart.training.time_limit import TimeLimit
from headstart.training.weight_averaging import WeightAveraging

if TYPE_CHECKING:
    from accelerate import Accelerator

KEPT_FOR_THE_END = 0.05
"""Share of the budget that no rung may use: calibrating, testing and writing come after them."""


@dataclass(frozen=True)
class Course:
    """What is other than usual in a training run: the ``loss`` of a step, ``more`` parameters that are trained with
    the network's at the head's rate, and further ``callbacks``."""

    loss: StepLoss | None = None
    more: Sequence[nn.Parameter] = ()
    callbacks: Sequence[Callback] = ()


@dataclass(frozen=True)
class Workbench:
    """What a rung is given.

    ``validation`` is None when the chosen rung is trained once more on every example. ``folder`` holds
    checkpoints. ``engines`` chooses what runs frozen parts. ``deadline`` is in seconds by the
    stopwatch; rungs end before ``last_rung_ends``, earlier by what ``ending`` takes as far as that is known.
    ``compared`` is the bench, without the held-out examples, on which the rungs were compared, where this one holds
    them too. ``pretrained`` is the backbone as it was loaded, which no rung moves; None where rungs start from what
    is not pretrained. ``old`` is what it could do before, and what may be lost of it. ``folds`` (N,) says that the
    held-out examples are the training examples themselves, each to be judged by what learnt from the other folds.
    ``told`` holds what a backbone made of names under prompts: they are read once, not for every rung and fold.
    ``said`` holds what :meth:`say_once` has said, however many rungs and folds would say it.
    """

    task: Task
    train: Inputs
    targets: Tensor
    validation: Inputs | None
    validation_targets: Tensor | None
    store: FrontierStore | None
    chosen_device: torch.device
    stopwatch: Stopwatch
    progress: Progress
    seed: int
    folder: Path
    engines: Engines = field(default_factory=Engines)
    deadline: float = math.inf
    compared: Workbench | None = None
    ending: Ending = field(default_factory=Ending)
    pretrained: Backbone | None = None
    old: OldTask | None = None
    folds: np.ndarray | None = None
    said: set[str] = field(default_factory=set)
    told: dict[tuple[Backbone, tuple[Name, ...], tuple[str, ...]], Named] = field(default_factory=dict)

    @property
    def device(self) -> torch.device:
        """Where training runs."""
        return self.chosen_device if self.chosen_device.type == "cpu" else self._gpu

    @cached_property
    def _gpu(self) -> torch.device:
        """Which one is this process's; an accelerator knows."""
        return self.new_accelerator().device

    def new_accelerator(self) -> Accelerator:
        """What runs the steps of one training. It holds the network and the optimizer as long as it lives itself."""
        from accelerate import Accelerator
        from accelerate.state import AcceleratorState, PartialState

        on_cpu = self.chosen_device.type == "cpu"
        # accelerate keeps the device of a process's first one, whatever later ones ask for.
        if PartialState._shared_state and (PartialState().device.type == "cpu") != on_cpu and not _launched():
            AcceleratorState._reset_state(reset_partial_state=True)
        return Accelerator(cpu=on_cpu)

    @property
    def last_rung_ends(self) -> float:
        """Seconds by the stopwatch after which nothing more may train."""
        return self.deadline * (1 - KEPT_FOR_THE_END) - self.ending.seconds

    def whole(self) -> Workbench:
        """The same with training and validation examples together, to train on all of them."""
        if self.validation is None or self.validation_targets is None:
            return self
        if self.folds is not None:
            return self.learning()
        return replace(
            self,
            train=joined(self.train, self.validation),
            targets=torch.cat([self.targets, self.validation_targets]),
            validation=None,
            validation_targets=None,
            compared=self,
            folder=self.folder / "whole",
        )

    def say_once(self, note: str) -> None:
        """Say it, unless it was said of this fit before."""
        if note not in self.said:
            self.said.add(note)
            self.progress.say(note)

    def learning(self, rows: np.ndarray | None = None) -> Workbench:
        """The same without held-out examples, and of the training examples those at `rows` alone where given."""
        bench = replace(self, validation=None, validation_targets=None, folds=None)
        if rows is None:
            return bench
        return replace(bench, train=self.train.select(rows.tolist()), targets=self.targets[torch.from_numpy(rows)])

    def parts(self) -> list[Workbench]:
        """A bench for each part of the task, with the examples whose target is known; itself where there is one part.

        Checkpoints of each lie in a folder of its own.
        """
        parts = self.task.parts(self.targets)
        if len(parts) == 1:
            return [self]
        held_out = None if self.validation_targets is None else self.task.parts(self.validation_targets)
        compared = None if self.compared is None else self.compared.parts()
        return [
            replace(
                self,
                task=part.task,
                train=_known(self.train, part),
                targets=part.encoded[part.rows],
                validation=_known(self.validation, held_out[i]) if self.validation and held_out else None,
                validation_targets=held_out[i].encoded[held_out[i].rows] if held_out else None,
                folder=self.folder / f"part-{i}",
                compared=compared[i] if compared else None,
                folds=None if self.folds is None else self.folds[part.rows.numpy()],
            )
            for i, part in enumerate(parts)
        ]

    def sample(self, count: int = 3) -> Batch:
        """A batch of a few training inputs, on the device."""
        for i in range(len(self._first), min(count, len(self.train))):
            self._first.append(self.train.tensors(i))
        batch = collate([self._first[i % len(self.train)] for i in range(count)])
        return {name: tensor.to(self.device) for name, tensor in batch.items()}

    @cached_property
    def _first(self) -> list[Batch]:
        """The first training inputs, as many as were asked for so far: each is decoded once."""
        return []

    @property
    def kept(self) -> Kept:
        """Small results for the next fit on the same examples: beside the store, or within the fit without one."""
        if self.store is None:
            return beside(self.folder)
        return beside(self.store.folder.parent, self.store.limit)

    def frozen_part(self, network: Network, keep: bool = True) -> FrozenPart:
        """What runs the network's frozen part, as its ``requires_grad`` flags stand.

        `keep` False leaves nothing in the store: for weights that no later fit will ask for.
        """
        backbone = network.to(self.device).backbone
        trains = any(parameter.requires_grad for parameter in backbone.parameters())
        frontier = find_frontier(backbone, self.sample() if trains else {}, network.maps)
        store = self.store if keep else None
        return FrozenPart(frontier, self.engines, store, self.device, self.stopwatch, self.progress)

    def outputs(self, network: Network, inputs: Inputs, keep: bool) -> Tensor:
        """Outputs (N, C), or what the task keeps of them, of a finished network: its whole backbone is run once."""
        network.requires_grad_(False).eval()
        part = self.frozen_part(network, keep)
        return outputs_of(TrainedPart(network, part.frontier), part.over(inputs), self.device, self.task.kept)

    def train_network(self, plan: FreezePlan, recipe: Recipe, name: str, course: Course | None = None) -> Moment:
        """Train the plan's network from its frontier on; returns where the run ended.

        `course` says what is other than usual: the loss of a step, what else is trained, what else happens.

        Raises
        ------
        FrozenPartChanged : something frozen moved.
        """
        network = plan.network
        part = self.frozen_part(network)
        if why := part.frontier.refused:
            self.say_once(f"  {why}: its frozen part is computed anew in every epoch.")
        views = [recipe.view(epoch) for epoch in range(min(recipe.epochs, max(recipe.views, 1)))]
        train = part.over(self.train, sorted(set(views)))
        validation = None if self.validation is None else part.over(self.validation)
        with self.stopwatch.lap("train"):
            job = self._job(plan, recipe, name, part.frontier, train, validation)
            course = course or Course()
            job.loss = course.loss
            if course.more:
                rate = recipe.rates.head
                job.optimizer.add_param_group({"params": list(course.more), "lr": rate, "peak": rate, "held": False})
            return run(job, [*course.callbacks, *self._callbacks(recipe, name)])

    def _job(
        self,
        plan: FreezePlan,
        recipe: Recipe,
        name: str,
        frontier: Frontier,
        train: Activations,
        validation: Activations | None,
    ) -> Job:
        accelerator = self.new_accelerator()
        trained, prepared = accelerator.prepare(TrainedPart(plan.network, frontier), make_optimizer(plan, recipe))
        anchor = {
            parameter: value.detach().clone()
            for parameter, value in plan.network.named_parameters()
            if parameter in plan.trainable and parameter.startswith("backbone.")
        }
        return Job(
            trained, plan, self.task, recipe, prepared, accelerator, train, self.targets,
            self.task.balance(self.targets), validation, self.validation_targets, anchor, self.seed, name,
            BALANCINGS[recipe.balancing](len(self.task.parts(self.targets)), plan.network.head.parameters()),
        )  # fmt: skip

    def _callbacks(self, recipe: Recipe, name: str) -> list[Callback]:
        stopping = None
        if self.validation is not None:
            better = self.task.higher_is_better[self.task.watched]
            stopping = EarlyStopping(self.task.watched, better, recipe.patience)
        averaging = WeightAveraging(recipe.averaging) if recipe.averaging else None
        callbacks: list[Callback] = [GradualUnfreezing()] if recipe.gradual else []
        callbacks += [averaging] if averaging else []
        callbacks += [stopping, TimeLimit(self.stopwatch, self.last_rung_ends)] if stopping else []
        checkpoint = Checkpoint(self.folder / name, self.stopwatch, stopping, averaging)
        # The checkpoint comes after early stopping, whose memory it keeps, and before the bar, which it moves.
        return [*callbacks, checkpoint, ProgressBar(self.progress, name)]


def _launched() -> bool:
    """Whether this is one of several processes that train together, each with a device of its own."""
    return "LOCAL_RANK" in os.environ


def _known(inputs: Inputs, part: Part) -> Inputs:
    """The inputs whose target is known."""
    return inputs if bool(part.known.all()) else inputs.select(part.rows.tolist())


class TrainedPart(nn.Module):
    """Frontier batch → outputs (N, C): the trained layers of the backbone and the head."""

    def __init__(self, network: Network, frontier: Frontier) -> None:
        super().__init__()
        self.body, self.head = frontier.trained, network.head
        self._join = network.join if network.depths else None

    def forward(self, frontier: Batch) -> Tensor:
        """Outputs of a batch of activations."""
        return self.head(self.read(frontier))

    def read(self, frontier: Batch) -> Any:
        """The features (N, D), or the maps by name, that the head reads of a batch of activations."""
        return self.body(frontier) if self._join is None else self._join(frontier)
