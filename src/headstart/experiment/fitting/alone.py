"""Several tasks against each alone: what sharing a trunk gave or cost every one of them, on held-out examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import torch

from headstart.backbones.base import Backbone
from headstart.core.results import TaskGain
from headstart.core.spec import FitSpec
from headstart.core.timing import say_duration
from headstart.data.readers.base import columns_named
from headstart.experiment.choosing import choose_strategies
from headstart.experiment.words import repeat
from headstart.ladder.comparison import HeldOut
from headstart.ladder.ladder import Ascent, Ladder
from headstart.model.network import Network, new_network
from headstart.strategies.base import Rung, Strategy
from headstart.tasks.base import Part
from headstart.training.workbench import Workbench

OF_WHAT_IS_LEFT = 0.5
"""Share of the time left that training each task alone may take; beyond it they are compared on frozen features."""


ROUNDING = 1e-4
"""Outputs that differ by less come from the same head: a product with more columns rounds otherwise."""


class Alone(NamedTuple):
    """A rung that a task climbs alone, for so many ``epochs`` as all together had; 0 for what is solved."""

    strategy: Strategy
    rung: Rung
    epochs: int = 0

    def climbed(self, start: Network, bench: Workbench) -> Network:
        """The network after the rung, from `start`."""
        prepared = self.strategy.prepare(self.rung, start, bench)
        if self.epochs:
            prepared = self.strategy.again(prepared, min(self.epochs, prepared.recipe.epochs))
        return self.strategy.climb(prepared, bench).network


def against_alone(
    spec: FitSpec, bench: Workbench, backbone: Backbone, ascent: Ascent, strategies: Sequence[Strategy]
) -> tuple[list[TaskGain], str]:
    """Each task together and alone, and a sentence on what was not measured; nothing where there is one task.

    Alone it climbs the rungs that the kept one grew from, on its own examples, and is to train as many epochs. Where
    the backbone stays frozen that costs next to nothing: features are stored, and its head was solved for itself
    already.
    """
    alone = bench.parts()
    if len(alone) == 1 or bench.validation_targets is None or bench.folds is not None:
        return [], ""
    lineage = _lineage(ascent)
    rungs = {
        rung.name: (strategy, rung) for strategy, rung in Ladder(strategies, bench).rungs(_start(backbone, bench))
    }
    landings = [ascent.landings[i] for i in lineage]
    wanted = [Alone(*rungs[each.result.name], each.planned if each.result.curve else 0) for each in landings]
    note, needed = "", _seconds(ascent, lineage, bench, alone)
    left = bench.last_rung_ends - bench.stopwatch.total
    if needed > OF_WHAT_IS_LEFT * max(left, 0.0) and ascent.landings[ascent.chosen].result.curve:
        every = Ladder(choose_strategies(None), bench).rungs(_start(backbone, bench))
        wanted = [Alone(*pair) for pair in every if not pair[1].needs_start][:1]
        note = (
            f"Training each task alone as deep as all together would take about {say_duration(needed)}: they are "
            "compared with heads of their own on the frozen network. More time (--budget) compares them as deep."
        )
    if not wanted:
        return [], note
    parts = bench.task.parts(bench.validation_targets)
    measured = [_one(spec, own, backbone, ascent, part, wanted) for own, part in zip(alone, parts, strict=True)]
    return [gain for gain in measured if gain is not None], note


def _one(
    spec: FitSpec,
    bench: Workbench,
    backbone: Backbone,
    ascent: Ascent,
    part: Part,
    rungs: Sequence[Alone],
) -> TaskGain | None:
    """One task, whose own bench is `bench`; None where no held-out example has its target."""
    if bench.validation is None or not len(rows := part.rows):
        return None
    network = _start(backbone, bench)
    for each in rungs:
        network = each.climbed(network, bench)
    outputs = bench.outputs(network, bench.validation, keep=not rungs[-1].rung.needs_start)
    together, truth = ascent.landings[ascent.chosen].outputs[rows][:, part.columns], part.encoded[rows]
    if torch.allclose(together, outputs, atol=ROUNDING):
        outputs = together
    watched = part.task.watched
    reached, without = (part.task.metrics(each, truth)[watched] for each in (together, outputs))
    gain = HeldOut(part.task, truth, bench.seed).gain(together, outputs).figure
    made = TaskGain(part.name, rungs[-1].rung.name, watched, reached, without, gain)
    return replace(made, command=_command(spec, part.name, backbone)) if gain.high < 0 else made


def _command(spec: FitSpec, target: str, backbone: Backbone) -> str:
    """The command that fits one task alone: from all tables that hold its target, whose own columns are found anew
    where the first of all is not among them."""
    first, also = spec, tuple(table for table in spec.also if table.rpartition(":")[2] == target)
    if also and target not in columns_named(spec.target, ()):
        first, also = replace(spec, data=also[0].rpartition(":")[0], input=None, group=None), also[1:]
    alone = replace(first, target=target, also=also, task=None, out=None, resume=False)
    return repeat(alone, backbone.card.name)


def _start(backbone: Backbone, bench: Workbench) -> Network:
    return new_network(backbone, bench.task)


def _lineage(ascent: Ascent) -> list[int]:
    """The rungs from which the kept one grew, and itself."""
    lineage = [ascent.chosen]
    while (origin := ascent.landings[lineage[0]].start) is not None:
        lineage.insert(0, origin)
    return lineage


def _seconds(ascent: Ascent, lineage: Sequence[int], bench: Workbench, alone: Sequence[Workbench]) -> float:
    """What training every task alone will take, from what training them together took."""
    trained = sum(ascent.landings[i].training_seconds for i in lineage)
    return trained * sum(len(own.train) for own in alone) / len(bench.train)
