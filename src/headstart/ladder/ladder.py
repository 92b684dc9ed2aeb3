"""Climbs rung by rung while it pays, keeps the simplest of the best, and says why it stopped."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from headstart.core.errors import UsageError, WordsUnread
from headstart.core.files import write_json
from headstart.core.results import RungResult
from headstart.core.timing import say_duration
from headstart.delivery.writing import figure_interval, figure_name, figure_value
from headstart.ladder import judging
from headstart.ladder.budget import Trained, epochs_on_all, least, plan
from headstart.ladder.comparison import HeldOut, simplest_of_the_best
from headstart.ladder.landing import Landing, load_landing, save_landing
from headstart.ladder.reasons import TOO_FEW_MISTAKES, reason_of, too_long
from headstart.ladder.step import Step, place_of
from headstart.ladder.unseen import times_climbed
from headstart.model.network import Network
from headstart.strategies.base import Prepared, Rung, Strategy
from headstart.training.cost import Cost
from headstart.training.workbench import Workbench

PATIENCE = 2
"""Trained rungs in a row without a gain above its standard error, after which climbing stops."""


@dataclass
class Ascent:
    """What the ladder found: every finished rung, which one is kept, and why it went no further."""

    landings: list[Landing]
    chosen: int
    stopped_because: str
    network: Network
    trained_on_all: bool


class Ladder:
    """The rungs of some strategies over one workbench, whose deadline is the budget."""

    def __init__(self, strategies: Sequence[Strategy], bench: Workbench) -> None:
        self.strategies, self.bench = strategies, bench
        if bench.validation_targets is None:
            raise ValueError("a ladder needs held-out examples to compare its rungs on")
        self._costs: dict[tuple[str, int | None], Cost] = {}
        self.held_out = HeldOut(bench.task, bench.validation_targets, bench.seed, by_loss=bench.folds is not None)

    def rungs(self, network: Network) -> list[tuple[Strategy, Rung]]:
        """From cheap to dear, on few examples what is made for few before what trains as much of the backbone.

        What is not climbed by default is only where its strategy alone was asked for.
        """
        count = len(self.bench.train)
        offered = [(s, r) for s in self.strategies for r in s.rungs(network.backbone, self.bench.task, count)]
        wanted = [(s, r) for s, r in offered if r.by_default or len(self.strategies) == 1]
        if not wanted:
            asked, needs = type(self.strategies[0]).__name__, self.strategies[0].needs
            raise UsageError(f"{asked} offers no rung on {network.backbone.card.name} for these examples. {needs}")
        return sorted(wanted, key=lambda pair: place_of(pair[1]))

    def climb(self, start: Network) -> Ascent:
        """Climb from `start`, a backbone under a head that has not learnt yet."""
        landings: list[Landing] = []
        reason = "every rung was climbed"
        rungs = [
            Step(strategy, rung, self.bench.folder / f"rung-{index}-{rung.name}")
            for index, (strategy, rung) in enumerate(self.rungs(start))
        ]
        climbed: list[Step] = []
        for step in rungs:
            if step.rung.reach and landings and (why := self._enough(landings) or self._spent(step, climbed)):
                reason = why
                break
            if step.rung.reach and landings and self._too_few_for(step):
                reason = f"{len(self.bench.train)} examples, none held out, cannot tell what a dearer rung gains"
                continue
            if step.rung.reach and landings and self._left_out(step, rungs[-1], start, landings):
                self.bench.progress.say(f"  {step.rung.name} is left out: {rungs[-1].rung.name} needs its time")
                continue
            try:
                landing = self._one(step, start, landings)
            except WordsUnread as error:
                if len(self.strategies) == 1:
                    raise
                self.bench.progress.say(f"  {step.rung.name} is left out: {error}")
                continue
            if isinstance(landing, str):
                reason = landing
                break
            landings.append(landing)
            climbed.append(step)
        reach = [step.rung.counted_reach(self.bench.task.reads_maps) for step in climbed]
        chosen = simplest_of_the_best(self.held_out, [landing.outputs for landing in landings], reach)
        self._explain(landings, chosen)
        network, on_all = self._train_on_all(climbed, landings, chosen, start)
        return Ascent(landings, chosen, reason, network, on_all)

    def _too_few_for(self, step: Step) -> bool:
        """Whether nothing could be held out, and the rung is not made for so few examples."""
        return self.bench.folds is not None and not step.rung.for_few

    def _left_out(self, step: Step, dearest: Step, start: Network, landings: list[Landing]) -> bool:
        """Whether the dearest rung could be trained once more on every example only without this one.

        A file remembers it for a fit that is resumed. Without held-out examples the dearest is not climbed.
        """
        if self.bench.folds is not None or step.left_out.exists() or step is dearest or step.begun.exists():
            return step.left_out.exists()
        prepared, cost = self._predicted(step, start, landings)
        above, dearer = self._predicted(dearest, start, landings)
        seconds = cost.of(prepared.recipe.epochs)
        now, later = (
            plan(above.recipe.epochs, dearer, left, self._held_out_share)
            for left in (self._left, self._left - seconds)
        )
        if now.with_all and not later.with_all:
            write_json(step.left_out, {"for": dearest.rung.name})
        return step.left_out.exists()

    def _enough(self, landings: list[Landing]) -> str | None:
        """Why no further rung pays, if so."""
        best = self._best(landings)
        mistakes = self.held_out.nothing_to_gain(landings[best].outputs)
        if mistakes is not None:
            return (
                f"{landings[best].result.name} leaves {mistakes} mistake{'s' * (mistakes != 1)} on "
                f"{len(self.held_out.encoded)} {self.held_out.called}: {TOO_FEW_MISTAKES}"
            )
        trained = [i for i, landing in enumerate(landings) if landing.result.curve]
        in_vain = [i for i in trained[-PATIENCE:] if not self._gained(landings, i)]
        if len(in_vain) == PATIENCE:
            return f"the last {PATIENCE} trained rungs gained no more than their standard error"
        return None

    def _gained(self, landings: list[Landing], index: int) -> bool:
        """Whether a rung beat the best one below it by more than the standard error of their difference."""
        below = self._best(landings[:index]) if index else None
        if below is None:
            return True
        return not self.held_out.gain(landings[index].outputs, landings[below].outputs).within_one_error

    def _best(self, landings: Sequence[Landing]) -> int:
        """The best rung that makes nothing guarded worse."""
        return self.held_out.best([landing.outputs for landing in landings])

    def _start(self, rung: Rung, landings: list[Landing]) -> int | None:
        """The rung to continue from: the best so far, if its head reads the last features alone; else none.

        A rung that was no gain would hand on what it unlearnt.
        """
        if not rung.needs_start or not landings:
            return None
        best = self._best(landings)
        return None if landings[best].network.depths else best

    def _spent(self, step: Step, climbed: list[Step]) -> str | None:
        """Why a rung is not even tried, if so: what is left is too little for one that is cheaper already."""
        names = {each.rung.name for each in climbed}
        needed = max((least(cost) for (name, _), cost in self._costs.items() if name in names), default=0.0)
        if step.begun.exists() or needed <= self._left:
            return None
        return too_long(step.rung.name, f"more than {say_duration(needed)}", self.bench)

    def _predicted(self, step: Step, start: Network, landings: list[Landing]) -> tuple[Prepared, Cost]:
        """A rung prepared from where it starts, and what it will take; a trial is made of it once."""
        origin = self._start(step.rung, landings)
        network = start if origin is None else landings[origin].network
        prepared = step.strategy.prepare(step.rung, network, self.bench)
        key = step.rung.name, origin
        if key not in self._costs:
            times = times_climbed(step.rung, self.bench.folds)
            self._costs[key] = step.strategy.predicted_cost(prepared, self.bench).times(times)
        return prepared, self._costs[key]

    def _one(self, step: Step, start: Network, landings: list[Landing]) -> Landing | str:
        """The finished rung, or why it was not begun."""
        rung, folder, begun = step.rung, step.folder, step.begun
        if landing := load_landing(folder, start, self.bench.task):
            self.bench.stopwatch.credit(landing.result.seconds)
            self._say(landing.result, "finished before")
            return landing
        prepared, predicted = self._within_budget(step, *self._predicted(step, start, landings))
        learnt = any(landing.result.trainable_parameters for landing in landings)
        if learnt and predicted > self._left and not begun.exists():
            return too_long(rung.name, f"about {say_duration(predicted)}", self.bench)
        write_json(begun, {"epochs": prepared.recipe.epochs})
        self.bench.progress.say(f"  {rung.name}: about {say_duration(predicted)}")
        began = self.bench.stopwatch.total
        climbed = step.strategy.climb(prepared, self.bench if self.bench.folds is None else self.bench.learning())
        outputs = judging.answers(step, start, climbed, self.bench)
        result = RungResult(
            rung.name,
            rung.strategy,
            rung.freeze_depth,
            predicted,
            self.bench.stopwatch.total - began,
            climbed.trainable_parameters,
            judging.figures(self.held_out, outputs, self.bench),
            curve=climbed.curve,
            tuned_share=climbed.tuned_share,
        )
        grown = self._start(rung, landings), step.tunes(climbed)
        further = climbed.choosing, prepared.recipe.epochs
        landing = Landing(climbed.network, outputs, result, climbed.best_epochs, *grown, *further)
        save_landing(folder, landing, start)
        self._say(result, f"took {say_duration(result.seconds)}")
        return landing

    @property
    def _held_out_share(self) -> float:
        """How many examples are held out for each that is learnt from."""
        return len(self.held_out.encoded) / len(self.bench.train)

    @property
    def _left(self) -> float:
        return self.bench.last_rung_ends - self.bench.stopwatch.total

    def _within_budget(self, step: Step, prepared: Prepared, cost: Cost) -> tuple[Prepared, float]:
        """The rung and what it will cost, with fewer epochs where all of them would overrun the budget.

        A file remembers the number for a fit that is killed and resumed, whatever time is left then.
        """
        epochs = prepared.recipe.epochs
        if step.begun.exists():
            wanted = json.loads(step.begun.read_text(encoding="utf-8"))["epochs"]
        else:
            wanted = plan(epochs, cost, self._left, self._held_out_share, self.bench.folds is None).epochs
        shortened = step.strategy.again(prepared, wanted)
        return shortened, cost.of(shortened.recipe.epochs)

    def _say(self, result: RungResult, how: str) -> None:
        watched = self.bench.task.watched
        given = watched, result.validation[watched], self.bench.task.higher_is_better[watched]
        figure = f"{figure_name(watched)} {figure_value(*given)} ({figure_interval(*given)})"
        self.bench.progress.say(f"  {result.name}: {figure} on {self.held_out.called}, {how}")

    def _explain(self, landings: list[Landing], chosen: int) -> None:
        """Write into every rung's result what became of it."""
        best = self._best(landings)
        for i, landing in enumerate(landings):
            landing.result.kept = i == chosen
            landing.result.reason = reason_of(self.held_out, landings, i, chosen, best)

    def _train_on_all(
        self, climbed: list[Step], landings: list[Landing], chosen: int, start: Network
    ) -> tuple[Network, bool]:
        """The kept rung, and those it grew from, trained once more with the held-out examples added.

        Where the budget does not allow it, the network that was compared is kept. Where none were held out it has
        learnt from all of them already.
        """
        if self.bench.folds is not None:
            return landings[chosen].network, True
        lineage = [chosen]
        while (origin := landings[lineage[0]].start) is not None:
            lineage.insert(0, origin)
        whole = self.bench.whole()
        epochs = self._epochs_on_all(whole.folder / "epochs.json", [landings[i] for i in lineage])
        if epochs is None:
            self.bench.progress.say("  the budget does not allow training once more on every example")
            return landings[chosen].network, False
        network = start
        for i, count in zip(lineage, epochs, strict=True):
            step = climbed[i]
            folder = whole.folder / step.folder.name
            if done := load_landing(folder, start, whole.task):
                network = done.network
                continue
            prepared = step.strategy.prepare(step.rung, network, whole)
            share = landings[i].result.tuned_share
            prepared = replace(step.strategy.again(prepared, count), tuned_share=share)
            network = step.strategy.climb(prepared, whole).network
            save_landing(folder, replace(landings[i], network=network), start)
        return network, True

    def _epochs_on_all(self, decided: Path, lineage: list[Landing]) -> list[int] | None:
        """The epochs of each rung over every example; None where the budget does not hold them.

        The file `decided` remembers it for a fit that is killed and resumed, whatever time is left then.
        """
        if decided.exists():
            return json.loads(decided.read_text(encoding="utf-8"))["epochs"]
        trained = [
            Trained(each.best_epochs, each.training_seconds / max(len(each.result.curve), 1)) for each in lineage
        ]
        epochs = epochs_on_all(trained, self._left, self._held_out_share)
        write_json(decided, {"epochs": epochs})
        return epochs
