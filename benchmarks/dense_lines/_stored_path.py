"""A head trained on stored activations beside the same head trained through the whole frozen network."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dense_lines._asked import row
from dense_lines._split import Split
from headstart.backbones.base import Backbone, Batch, collate
from headstart.core.files import digest
from headstart.core.progress import Progress
from headstart.core.statistics import bootstrap_draws, paired_difference
from headstart.core.timing import Stopwatch
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.frozen.activations import Activations, FrozenPart
from headstart.frozen.engines.eager import Eager
from headstart.frozen.inputs import Inputs
from headstart.model.network import Network
from headstart.strategies.head_training import HeadTraining
from headstart.training.callback import Callback, Moment
from headstart.training.loop import Job
from headstart.training.workbench import Course, Workbench

EPOCHS, VIEWS = 6, 2
"""Epochs of each side, and augmented views of each picture."""


class RunAgain(Activations):
    """The frontier of N inputs, which plain PyTorch computes anew whenever it is asked for."""

    def __init__(self, part: FrozenPart, inputs: Inputs) -> None:
        super().__init__(part, inputs)
        self.plain = Eager()
        self.plain.prepare(part.frontier.frozen, collate([inputs.tensors(0)]), part.device)

    def batch(self, indices: Sequence[int], view: int = 0) -> Batch:
        found = self.plain.run(collate(self.inputs.many(indices, view)))
        return {name: tensor.clone() for name, tensor in found.items()}


class Unstored(FrozenPart):
    """Runs the frozen part, and keeps nothing of it."""

    def over(self, inputs: Inputs, views: Sequence[int] = (0,)) -> Activations:
        return RunAgain(self, inputs)


class ThroughAll(Workbench):
    """Trains through the whole frozen network, every time."""

    def frozen_part(self, network: Network, keep: bool = True) -> FrozenPart:
        part = super().frozen_part(network, keep)
        return Unstored(part.frontier, part.engines, None, part.device, part.stopwatch, part.progress)


@dataclass
class Clock(Callback):
    """The seconds of each epoch."""

    seconds: list[float] = field(default_factory=list)
    began: float = math.nan

    def on_epoch_begin(self, job: Job, moment: Moment) -> None:
        self.began = time.perf_counter()

    def on_epoch_end(self, job: Job, moment: Moment) -> None:
        self.seconds.append(time.perf_counter() - self.began)


def compared(label: str, data: Split, backbone: Backbone, seed: int) -> Iterator[dict[str, Any]]:
    """What storing costs in mAP, and what it spares in the time of an epoch.

    `backbone` takes pictures as the task of `data` needs them.
    """
    (stored, fast), (whole, slow) = (_trained(kind, data, backbone, seed) for kind in (Workbench, ThroughAll))
    draws = bootstrap_draws(len(data.test))
    kept, full = (data.task.measure("map", found, data.asked, draws) for found in (stored, whole))
    ours, theirs = (data.task.metrics(found, data.asked)["map"].value for found in (stored, whole))
    lost = paired_difference(full, kept, theirs - ours)
    note = f"{ours:.3f} for {theirs:.3f} after {EPOCHS} epochs; [{lost.low:+.3f}, {lost.high:+.3f}]"
    yield row("stored once / through all, mAP lost", label, seed, "low end of 95 %", lost.low, "<= 0", note)
    note = f"{min(fast):.2f} s for {min(slow):.2f} s"
    ratio = min(fast) / min(slow)
    yield row("stored once / through all, an epoch", label, seed, "seconds ratio", ratio, "<= 0.4", note)


def _trained(kind: type[Workbench], data: Split, backbone: Backbone, seed: int) -> tuple[Tensor, list[float]]:
    """What a new head finds in the test pictures after so many epochs on a bench of `kind`, and their seconds."""
    clock = Clock()
    with tempfile.TemporaryDirectory(prefix="headstart-path-") as folder:
        bench = _bench(kind, data, backbone, seed, Path(folder))
        strategy = HeadTraining(EPOCHS, VIEWS)
        (rung,) = strategy.rungs(backbone, data.task, len(data.train))
        prepared = strategy.prepare(rung, Network(backbone, nn.Identity()), bench)
        bench.train_network(prepared.plan, prepared.recipe, rung.name, Course(callbacks=[clock]))
        found = bench.outputs(prepared.network, _inputs(data.test, backbone), keep=False)
    return found, clock.seconds


def _bench(kind: type[Workbench], data: Split, backbone: Backbone, seed: int, folder: Path) -> Workbench:
    torch.manual_seed(seed)
    return kind(
        data.task, _inputs(data.train, backbone), data.learnt, None, None, None, torch.device("cpu"), Stopwatch(),
        Progress(quiet=True), seed, folder,
    )  # fmt: skip


def _inputs(examples: Examples, backbone: Backbone) -> Inputs:
    keys = [digest(each) for each in examples.ids]
    return Inputs(examples, MODALITIES.load(examples.modality)(), backbone.preprocess, keys, Stopwatch())
