"""Successive halving: probes on growing subsamples, as long as candidates cannot be told apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from headstart.core.errors import HeadstartError, first_line
from headstart.core.progress import Progress
from headstart.core.timing import Stopwatch
from headstart.experiment.material import Material
from headstart.experiment.selection.candidates import Candidate, LeftOut
from headstart.experiment.selection.probe import Drawn, Probed, TooSlow
from headstart.experiment.selection.race import Race, Standing
from headstart.ladder.comparison import HeldOut

FIRST, FIRST_OF_EACH = 128, 5
"""Examples of the first round: so many, or so many of each class if that is more."""

FEWEST = 32
"""Not fewer, where the time is short."""

MOST = 2000
"""Examples of the last round at most: two good candidates then differ by a point or the difference hardly matters."""

GROWTH = 2
"""Each round has so many times the examples of the one before."""

NEGLIGIBLE = 0.005
"""A difference of half a point, or of half a percent where the figure is an error, is none."""

SURE = 2.576
"""A candidate is out where the best one beats it by more than so many standard errors: 99 %, for several are compared
with the best of them, and the bootstrap thinks too well of a few mistakes (7 of 7 to one side: p = 1/64)."""

NO_TIME = "only the better ones went on, for lack of time"
"""Why one is out that nobody has shown to be worse."""

FAILURES = (HeadstartError, RuntimeError)
"""What ends a candidate's probe, not the ranking: PyTorch raises the second where a GPU has too little memory."""


class NoneProbed(HeadstartError):
    """Not one candidate could be probed in the time, or at all; the ``slow`` ones lacked time alone."""

    def __init__(self, message: str, slow: Sequence[Candidate] = ()) -> None:
        super().__init__(message)
        self.slow = tuple(slow)


Probe = Callable[[Candidate, Drawn, float], Probed]


class Halving:
    """Runs the rounds.

    Parameters
    ----------
    probe : probes a candidate on some examples within so many seconds.
    deadline : seconds by the stopwatch.
    """

    def __init__(
        self,
        material: Material,
        probe: Probe,
        seed: int,
        stopwatch: Stopwatch,
        deadline: float,
        progress: Progress,
    ) -> None:
        self.material, self.probe, self.seed = material, probe, seed
        self.stopwatch, self.deadline, self.progress = stopwatch, deadline, progress
        self.order = stratified_order(material, seed)

    def run(self, candidates: Sequence[Candidate]) -> Race:
        """Probe all, then those that cannot be told from the best, on twice the examples each time.

        Raises
        ------
        NoneProbed : not one could be probed; names each with its reason.
        """
        sizes = self._sizes()
        race = self._first_that_is_quick_enough(candidates, next(sizes))
        while not race.settled:
            self._drop_the_worse(race)
            size = next(sizes, None)
            race.settled = self._settled(race, size)
            if not race.settled and size is not None:
                self._next_round(race, drawn(self.material, self.order[:size], self.seed))
        return race

    def _sizes(self) -> Iterator[int]:
        """Examples of each round; the last has all, or MOST."""
        classes = len(set(self.material.task.strata(self.material.targets(self.order))))
        size, last = max(FIRST, FIRST_OF_EACH * classes), min(len(self.order), max(MOST, FIRST_OF_EACH * classes))
        while size < last / math.sqrt(GROWTH):
            yield size
            size *= GROWTH
        yield last

    def _first_that_is_quick_enough(self, candidates: Sequence[Candidate], size: int) -> Race:
        """The first round, on fewer examples where otherwise all would take too long."""
        race = self._first_round(candidates, drawn(self.material, self.order[:size], self.seed))
        while not race.standings and size >= 2 * FEWEST:
            size //= 2
            race = self._first_round(candidates, drawn(self.material, self.order[:size], self.seed))
        if not race.standings:
            each = "\n".join(f"  - {one.backbone}: {one.why}" for one in race.left_out)
            raise NoneProbed(f"No backbone could be probed; more time (--budget) may help:\n{each}", race.slow)
        self._say(race)
        return race

    def _first_round(self, candidates: Sequence[Candidate], drawn: Drawn) -> Race:
        """Each in turn; what would take more than its share of the time gets what the others have left of it."""
        race, count = Race([], HeldOut(self.material.task, drawn.encoded, self.seed)), len(candidates)
        slow: list[tuple[Candidate, TooSlow]] = []
        for place, candidate in enumerate(self.progress.bar(candidates, count, "probing", "backbones")):
            try:
                race.standings.append(self._in_time(candidate, drawn, 1 / (count - place)))
            except TooSlow as error:
                slow.append((candidate, error))
            except FAILURES as error:
                race.left_out.append(LeftOut(candidate.name, first_line(error)))
        for candidate, why in slow:
            try:
                if why.seconds > self.deadline - self.stopwatch.total:
                    raise why
                race.standings.append(self._in_time(candidate, drawn))
            except FAILURES as error:
                race.left_out.append(LeftOut(candidate.name, first_line(error)))
                race.slow += [candidate] if isinstance(error, TooSlow) else []
        race.standings.sort(key=lambda standing: candidates.index(standing.candidate))
        return race

    def _in_time(self, candidate: Candidate, drawn: Drawn, share: float = 1.0) -> Standing:
        left = self.deadline - self.stopwatch.total
        if left <= 0:
            raise TooSlow("the time was up before its turn")
        return self._standing(candidate, drawn, share * left)

    def _next_round(self, race: Race, drawn: Drawn) -> None:
        """Probe again what is still in the running; what fails is out, and where all do the last round stands."""
        going_on = [standing for standing in race.standings if not standing.out]
        found: list[tuple[Standing, Standing]] = []
        failed: list[tuple[Standing, str]] = []
        for standing in self.progress.bar(going_on, len(going_on), "probing", "backbones"):
            try:
                found.append((standing, self._standing(standing.candidate, drawn, math.inf)))
            except FAILURES as error:
                failed.append((standing, first_line(error)))
        if not found:
            race.settled = f"on {len(drawn.rows)} examples none could be probed: {failed[0][1]}"
            return
        for standing, why in failed:
            standing.out, standing.unprobed = f"it could not be probed on {len(drawn.rows)} examples: {why}", True
        race.held_out = HeldOut(self.material.task, drawn.encoded, self.seed)
        for standing, fresh in found:
            standing.probed, standing.encoded, standing.score = fresh.probed, fresh.encoded, fresh.score
            standing.seconds += fresh.seconds
            standing.each = fresh.each or standing.each
        self._say(race)

    def _standing(self, candidate: Candidate, drawn: Drawn, allowed: float) -> Standing:
        probed, task = self.probe(candidate, drawn, allowed), self.material.task
        score = task.metrics(probed.outputs, drawn.encoded)[task.watched]
        return Standing(candidate, probed, drawn.encoded, score, probed.seconds, probed.each)

    def _drop_the_worse(self, race: Race) -> None:
        """Those that the best one beats by more than chance, and by more than is negligible, are out."""
        best, *others = race.running
        for other in others:
            gain = race.gain(best, other)
            if gain.figure.value > max(SURE * gain.error, NEGLIGIBLE * race.scale()):
                other.out = f"worse than {best.candidate.name} by more than chance"

    def _settled(self, race: Race, size: int | None) -> str:
        """Why no further round is needed or possible; empty where there is to be one."""
        best, *others = race.running
        if not others:
            return "one was left"
        if all(race.may_gain(best, other) <= NEGLIGIBLE for other in others):
            return "what differences there may be are negligible"
        if size is None:
            return f"all {best.examples} examples were used"
        return "" if self._room_for(race, size) else "the time was up"

    def _room_for(self, race: Race, size: int) -> bool:
        """Whether two or more can be probed on `size` examples in the time left; the others are out."""
        left, running = self.deadline - self.stopwatch.total, race.running
        fit = len(running)
        while fit > 1 and sum(_predicted(standing, size) for standing in running[:fit]) > left:
            fit = fit // 2 if fit > 3 else fit - 1
        if fit < 2:
            return False
        for standing in running[fit:]:
            standing.out = NO_TIME
        return True

    def _say(self, race: Race) -> None:
        best, *others = race.running
        task = self.material.task
        among = f"{len(others) + 1} backbones: {best.candidate.name} is ahead" if others else best.candidate.name
        self.progress.say(
            f"  {best.examples} examples, {among} with {task.watched.replace('_', ' ')} {best.score.value:.3f}."
        )


def drawn(material: Material, chosen: np.ndarray, seed: int) -> Drawn:
    """The `chosen` examples of `material`, with folds in which a head is judged by what it did not see.

    Raises
    ------
    HeadstartError : they are all one, so that none can be held out.
    """
    rows = np.sort(chosen)
    folds = material.folds(rows, seed)
    if folds is None:
        raise HeadstartError("All examples have the same content or group: nothing can be held out to compare on.")
    return Drawn(rows, material.task.encode(material.targets(rows)), folds)


def stratified_order(material: Material, seed: int) -> np.ndarray:
    """The examples that are not for testing (n,), in an order in which every beginning is stratified."""
    rows = np.sort(np.concatenate([material.split.train, material.split.validation]))
    strata = np.asarray(material.task.strata(material.targets(rows)), dtype=object).astype(str)
    random = np.random.default_rng(seed)
    place = np.empty(len(rows))
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        # The k-th of m comes after about (k + 1/2) / m of all, so that each class is met at an even pace.
        place[random.permutation(members)] = (np.arange(len(members)) + random.uniform()) / len(members)
    return rows[np.argsort(place, kind="stable")]


def _predicted(standing: Standing, size: int) -> float:
    """Seconds of a candidate's next round: loading it, features of the new examples, and heads on all of them."""
    solving = standing.probed.solving * size / standing.examples
    return standing.probed.loading + (size - standing.examples) * standing.each + solving
