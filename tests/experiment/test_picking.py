"""The pick: what was measured and the static list together, and ties to the smaller and faster."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from headstart.core.progress import Progress
from headstart.core.timing import Stopwatch
from headstart.experiment.selection.candidates import Candidate
from headstart.experiment.selection.halving import NO_TIME, Halving
from headstart.experiment.selection.picking import Pick, _cheaper, pick
from headstart.experiment.selection.probe import Drawn, Probed
from headstart.experiment.selection.race import Standing
from standings import Wrong, candidate, every, material, prober


def picked(
    wrong: dict[str, Wrong], sizes: dict[str, int], ranks: dict[str, float] | None = None, count: int = 600
) -> Pick:
    candidates: list[Candidate] = [
        candidate(name, place, (ranks or {}).get(name, 80.0)) for place, name in enumerate(wrong, start=1)
    ]
    probe = prober(wrong, sizes)
    return pick(Halving(material(count), probe, 0, Stopwatch(), math.inf, Progress(quiet=True)).run(candidates))


def test_the_only_one() -> None:
    found = picked({"one": every(10)}, {})
    assert (found.standing.candidate.name, found.why) == ("one", "there is no other")


def test_one_that_is_better_by_more_than_chance_whatever_it_costs() -> None:
    found = picked({"cheap": every(2), "dear": every(20)}, {"cheap": 10, "dear": 1000})
    assert found.standing.candidate.name == "dear"
    assert found.why == "better than every other by more than chance, on 128 examples"


def test_nobody_is_called_worse_who_had_no_time_to_go_on() -> None:
    race = Halving(
        material(600), prober({"good": every(20), "poor": every(2), "fair": every(15)}, {}), 0, Stopwatch(), math.inf,
        Progress(quiet=True),
    ).run([candidate(name, place) for place, name in enumerate(("good", "poor", "fair"), start=1)])  # fmt: skip
    by_name = {one.candidate.name: one for one in race.standings}
    by_name["fair"].out = NO_TIME
    assert pick(race).why.endswith("examples: others were worse, or had no time to go on")


def test_a_tie_goes_to_the_smaller_and_faster() -> None:
    found = picked({"dear": every(10), "cheap": every(10, 1)}, {"cheap": 500_000, "dear": 1_000_000})
    assert found.standing.candidate.name == "cheap"
    assert found.why.startswith("as good as dear as far as can be told, and cheaper: 500 k against 1.0 M parameters")


def test_larger_but_faster_is_not_cheaper() -> None:
    standings = [Standing(candidate(name), None, None, None, 0.0, 0.0) for name in ("one", "than")]  # type: ignore[arg-type]

    def cheaper(parameters: int, operations: int) -> bool:
        for standing, sizes in zip(standings, ((parameters, operations), (1000, 1000)), strict=True):
            standing.probed = Probed(None, None, *sizes, 0.0, 0.0, 0.0)  # type: ignore[arg-type]
        return _cheaper(*standings)

    assert cheaper(800, 1000)
    assert cheaper(1000, 500)
    assert not cheaper(950, 950)
    assert not cheaper(1100, 400)
    assert not cheaper(400, 1100)
    assert cheaper(800, 0), "nobody knows how fast it is"
    assert not cheaper(1000, 0)


def test_nothing_is_tied_with_itself() -> None:
    """Where no operations are counted, as once of recurrent layers, the best is no cheaper than itself."""
    probe = prober({"first": every(10), "second": every(10, 1)}, {"first": 1000, "second": 1000})

    def uncounted(candidate: Candidate, drawn: Drawn, allowed: float) -> Probed:
        return replace(probe(candidate, drawn, allowed), operations=0)

    candidates = [candidate("first", 1), candidate("second", 2)]
    found = pick(Halving(material(600), uncounted, 0, Stopwatch(), math.inf, Progress(quiet=True)).run(candidates))
    assert found.standing.candidate.name == "first"
    assert "as good as" not in found.why


def test_a_tie_between_equals_in_size_goes_to_the_better_score() -> None:
    def a_little_more(rows: np.ndarray) -> np.ndarray:
        return every(10, 1)(rows) | (rows == 0)

    found = picked({"first": a_little_more, "second": every(10)}, {"first": 950, "second": 1000})
    assert found.standing.candidate.name == "second"
    assert "which may be chance" in found.why


def test_on_few_examples_the_static_list_decides_and_on_many_the_score() -> None:
    """Wrong about 6 or 4 in 40: on 40 examples that is no reason to leave the list, on 2000 it is."""
    wrong: dict[str, Wrong] = {"listed": lambda rows: rows % 40 < 6, "other": lambda rows: rows % 40 >= 36}
    ranks = {"listed": 85.0, "other": 70.0}
    few = picked(wrong, {}, ranks, count=40)
    assert few.standing.candidate.name == "listed"
    assert few.why.startswith("other scored 0.")
    assert few.why.endswith("the static list has this one at 1, that one at 2")
    assert picked(wrong, {}, ranks, count=2000).standing.candidate.name == "other"
