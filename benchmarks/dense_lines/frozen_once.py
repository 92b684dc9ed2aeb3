"""A head trained on stored activations beside the same head trained through the whole frozen network."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dense_lines import boxes
from dense_lines._asked import Asked, row
from dense_lines._over_seeds import OverSeeds
from dense_lines._split import Split
from headstart.backbones import load
from headstart.backbones.base import Backbone
from headstart.core.files import digest
from headstart.core.progress import Progress
from headstart.core.statistics import bootstrap_draws, paired_difference
from headstart.core.timing import Stopwatch
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.frozen.activations import FrozenPart
from headstart.frozen.frontier import AtMaps, Frontier, Unchanged
from headstart.frozen.inputs import Inputs
from headstart.model.network import Network, suited
from headstart.strategies.head_training import HeadTraining
from headstart.training.callback import Callback, Moment
from headstart.training.loop import Job
from headstart.training.workbench import Course, Workbench

SETS, STARTS = boxes.SETS, boxes.STARTS

EPOCHS, VIEWS = 6, 2
"""Epochs of each side, and augmented views of each picture."""


class ThroughAll(Workbench):
    """Hands pictures to the training step, which runs the whole frozen network on them, every time."""

    def frozen_part(self, network: Network, keep: bool = True) -> FrozenPart:
        backbone = network.to(self.device).backbone
        nothing = Frontier(Unchanged(), AtMaps(backbone, network.maps), "input", {})
        return FrozenPart(nothing, self.engines, None, self.device, self.stopwatch, self.progress)


@dataclass
class Clock(Callback):
    """The seconds of each epoch."""

    seconds: list[float] = field(default_factory=list)
    began: float = math.nan

    def on_epoch_begin(self, job: Job, moment: Moment) -> None:
        self.began = time.perf_counter()

    def on_epoch_end(self, job: Job, moment: Moment) -> None:
        self.seconds.append(time.perf_counter() - self.began)


def measure(asked: Asked) -> Iterator[dict[str, Any]]:
    """Rows of each set of boxes and each start."""
    over_seeds = OverSeeds(len(asked.seeds))
    for name, data, seed, start in boxes.cases(asked):
        yield from _compared(f"{name}, {start}", data, load(boxes.STARTS[start][0]), seed, over_seeds)
    yield from over_seeds.means(low=True)


def _compared(
    label: str, data: Split, backbone: Backbone, seed: int, over_seeds: OverSeeds
) -> Iterator[dict[str, Any]]:
    """What storing costs in mAP, and what it spares in the time of an epoch."""
    own = replace(data, task=data.task.starting_from(backbone.detector))
    (stored, fast), (whole, slow) = (
        _trained(kind, own, suited(backbone, own.task), seed) for kind in (Workbench, ThroughAll)
    )
    draws = bootstrap_draws(len(data.test))
    kept, full = (data.task.measure("map", found, data.asked, draws) for found in (stored, whole))
    ours, theirs = (data.task.metrics(found, data.asked)["map"].value for found in (stored, whole))
    lost = paired_difference(full, kept, theirs - ours)
    measured, figure = "stored once / through all, mAP lost", "low end of 95 %"
    note = f"{ours:.3f} for {theirs:.3f} after {EPOCHS} epochs; [{lost.low:+.3f}, {lost.high:+.3f}]"
    yield over_seeds.row(measured, label, seed, figure, lost.value, "<= 0", note, low=lost.low)
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
