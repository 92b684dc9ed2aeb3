"""Climbs rung by rung while it pays, keeps the simplest of the best, and says why it stopped."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from headstart.core.results import RungResult
from headstart.core.timing import say_duration
from headstart.ladder.comparison import HeldOut, simplest_of_the_best
from headstart.ladder.landing import Landing, load_landing, save_landing
from headstart.model.network import Network
from headstart.strategies.base import Rung, Strategy
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
    """The rungs of some strategies over one workbench.

    Parameters
    ----------
    budget : seconds the whole fit may take, by the workbench's stopwatch.
    eligible : names of the strategies whose rungs may be kept; the others are only starting points.
    """

    def __init__(
        self, strategies: Sequence[Strategy], bench: Workbench, budget: float, eligible: frozenset[str]
    ) -> None:
        self.strategies, self.bench, self.budget, self.eligible = strategies, bench, budget, eligible
        if bench.validation_targets is None:
            raise ValueError("a ladder needs held-out examples to compare its rungs on")
        self.held_out = HeldOut(bench.task, bench.validation_targets, bench.seed)

    def rungs(self, network: Network) -> list[tuple[Strategy, Rung]]:
        """From cheap to dear; what is not climbed by default only where its strategy alone was asked for."""
        count = len(self.bench.train)
        offered = [(s, r) for s in self.strategies for r in s.rungs(network.backbone, self.bench.task, count)]
        wanted = [(s, r) for s, r in offered if r.by_default or self.eligible == {r.strategy}]
        return sorted(wanted, key=lambda pair: pair[1].reach)

    def climb(self, start: Network) -> Ascent:
        """Climb from `start`, a backbone under a head that has not learnt yet."""
        rungs = self.rungs(start)
        landings: list[Landing] = []
        reason = "every rung was climbed"
        for index, (strategy, rung) in enumerate(rungs):
            if self._eligible(landings) and (why := self._enough(landings)):
                reason = why
                break
            landing = self._one(index, strategy, rung, start, landings)
            if isinstance(landing, str):
                reason = landing
                break
            landings.append(landing)
        among = self._eligible(landings)
        chosen = among[simplest_of_the_best(self.held_out, [landings[i].outputs for i in among])]
        self._explain(landings, chosen)
        network, on_all = self._train_on_all(rungs, landings, chosen, start)
        return Ascent(landings, chosen, reason, network, on_all)

    def _eligible(self, landings: Sequence[Landing]) -> list[int]:
        """Indices of the landings that may be kept."""
        return [i for i, landing in enumerate(landings) if landing.result.strategy in self.eligible]

    def _enough(self, landings: list[Landing]) -> str | None:
        """Why no further rung pays, if so."""
        best = self._best(landings)
        mistakes = self.held_out.nothing_to_gain(landings[best].outputs)
        if mistakes is not None:
            return (
                f"{landings[best].result.name} leaves {mistakes} mistakes on {len(self.held_out.encoded)} held-out "
                "examples: no further rung could show a gain"
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
        return max(range(len(landings)), key=lambda i: self.held_out.value(landings[i].outputs))

    def _start(self, rung: Rung, landings: list[Landing]) -> int | None:
        """The rung to continue from: the best so far whose head reads the last features alone."""
        ready = [i for i, landing in enumerate(landings) if not landing.network.depths]
        if not rung.needs_start or not ready:
            return None
        return max(ready, key=lambda i: self.held_out.value(landings[i].outputs))

    def _one(
        self, index: int, strategy: Strategy, rung: Rung, start: Network, landings: list[Landing]
    ) -> Landing | str:
        """The finished rung, or why it was not begun."""
        folder = self.bench.folder / f"rung-{index}-{rung.name}"
        if landing := load_landing(folder, start, self.bench.task):
            self.bench.stopwatch.credit(landing.result.seconds)
            self._say(landing.result, "finished before")
            return landing
        origin = self._start(rung, landings)
        prepared = strategy.prepare(rung, start if origin is None else landings[origin].network, self.bench)
        predicted = strategy.predicted_cost(prepared, self.bench)
        if self._eligible(landings) and self.bench.stopwatch.total + predicted > self.budget:
            spent, budget = say_duration(self.bench.stopwatch.total), say_duration(self.budget)
            return (
                f"{rung.name} would take about {say_duration(predicted)}; {spent} of the budget of {budget} are spent"
            )
        self.bench.progress.say(f"  {rung.name}: about {say_duration(predicted)}")
        began = time.perf_counter()
        climbed = strategy.climb(prepared, self.bench)
        if self.bench.validation is None:
            raise ValueError("a rung cannot be compared without held-out examples")
        outputs = self.bench.outputs(climbed.network, self.bench.validation, keep=not climbed.curve)
        result = RungResult(
            rung.name,
            rung.strategy,
            rung.freeze_depth,
            predicted,
            time.perf_counter() - began,
            climbed.trainable_parameters,
            self.held_out.figures(outputs),
            curve=climbed.curve,
        )
        landing = Landing(climbed.network, outputs, result, climbed.best_epochs, origin)
        save_landing(folder, landing)
        self._say(result, f"took {say_duration(result.seconds)}")
        return landing

    def _say(self, result: RungResult, how: str) -> None:
        watched = self.bench.task.watched
        value, low, high = result.validation[watched]
        figure = f"{watched} {value:.3f} [{low:.3f}, {high:.3f}]"
        self.bench.progress.say(f"  {result.name}: {figure} on held-out examples, {how}")

    def _explain(self, landings: list[Landing], chosen: int) -> None:
        """Write into every rung's result what became of it."""
        best = self._best(landings)
        for i, landing in enumerate(landings):
            landing.result.kept = i == chosen
            landing.result.reason = self._reason(landings, i, chosen, best)

    def _reason(self, landings: list[Landing], i: int, chosen: int, best: int) -> str:
        if len(landings) == 1:
            return "the only rung"
        against = best if i == chosen else chosen
        gain = self.held_out.gain(landings[i].outputs, landings[against].outputs)
        value, low, high = gain.figure
        other = landings[against].result.name
        difference = f"{self.bench.task.watched} {value:+.3f} [{low:+.3f}, {high:+.3f}] against {other}"
        if i == chosen == best:
            return "the best on the held-out examples, and no simpler rung within one standard error of it"
        if i == chosen:
            return f"the simplest rung within one standard error of the best: {difference}"
        if worse := self.held_out.loss_of(landings[i].outputs, landings[0].outputs):
            return f"makes {worse} significantly worse than {landings[0].result.name}: {difference}"
        return difference + (", not worth the dearer rung" if i > chosen and value > 0 else "")

    def _train_on_all(
        self, rungs: list[tuple[Strategy, Rung]], landings: list[Landing], chosen: int, start: Network
    ) -> tuple[Network, bool]:
        """The kept rung, and those it grew from, trained once more with the held-out examples added.

        Where the budget does not allow it, the network that was compared is kept.
        """
        lineage = [chosen]
        while (origin := landings[lineage[0]].start) is not None:
            lineage.insert(0, origin)
        share = len(self.held_out.encoded) / len(self.bench.train)
        seconds = sum(landings[i].result.seconds * (1 + share) for i in lineage if landings[i].result.curve)
        if seconds and self.bench.stopwatch.total + seconds > self.budget:
            self.bench.progress.say("  the budget does not allow training once more on every example")
            return landings[chosen].network, False
        whole = self.bench.whole()
        network = start
        for i in lineage:
            strategy, rung = rungs[i]
            folder = whole.folder / f"rung-{i}-{rung.name}"
            if done := load_landing(folder, start, whole.task):
                network = done.network
                continue
            prepared = strategy.again(strategy.prepare(rung, network, whole), landings[i].best_epochs)
            network = strategy.climb(prepared, whole).network
            save_landing(folder, replace(landings[i], network=network))
        return network, True
