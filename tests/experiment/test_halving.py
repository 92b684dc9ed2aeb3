"""Rounds on growing subsamples: who goes on, and when it ends."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from headstart.core.errors import HeadstartError
from headstart.core.progress import Progress
from headstart.core.timing import Stopwatch
from headstart.experiment.selection.candidates import Candidate
from headstart.experiment.selection.halving import (
    FIRST,
    Halving,
    NoneProbed,
    Probe,
    _predicted,
    stratified_order,
)
from headstart.experiment.selection.picking import pick
from headstart.experiment.selection.probe import Drawn, Probed, TooSlow
from headstart.experiment.selection.race import Race
from standings import candidate, every, material, prober


def race(probe: Probe, names: list[str], count: int = 600, deadline: float = math.inf) -> Race:
    candidates = [candidate(name, place) for place, name in enumerate(names, start=1)]
    return Halving(material(count), probe, 0, Stopwatch(), deadline, Progress(quiet=True)).run(candidates)


def test_one_that_is_far_ahead_ends_it_in_the_first_round() -> None:
    found = race(
        prober({"good": every(20), "bad": every(2), "worse": lambda rows: rows >= 0}), ["good", "bad", "worse"]
    )
    assert found.settled == "one was left"
    assert [(one.candidate.name, one.examples, bool(one.out)) for one in found.standings] == [
        ("good", FIRST, False), ("bad", FIRST, True), ("worse", FIRST, True)
    ]  # fmt: skip
    assert found.standings[2].score.value == 0.0


def test_those_that_cannot_be_told_apart_go_on_to_the_end() -> None:
    found = race(prober({"one": every(10), "other": every(10, 1), "bad": every(2)}), ["one", "other", "bad"])
    assert found.settled == "all 600 examples were used"
    assert {one.candidate.name: one.examples for one in found.standings} == {"one": 600, "other": 600, "bad": FIRST}
    assert found.running[0].score.value == pytest.approx(0.9, abs=0.01)


def test_no_more_than_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart.experiment.selection.halving.MOST", 300)
    found = race(prober({"one": every(10), "other": every(10, 1)}), ["one", "other"])
    assert found.settled == "all 300 examples were used"


@pytest.mark.parametrize(("count", "asked"), [(300, 300), (600, 600), (2000, 512)])
def test_two_that_answer_alike_are_told_apart_by_one_example_more(count: int, asked: int) -> None:
    """1.96 / 128 is a point and a half, which they cannot tell from none; 1.96 / 392 is the negligible half."""
    found = race(prober({"one": every(10), "other": every(10)}), ["one", "other"], count=count)
    assert {one.examples for one in found.standings} == {asked}
    negligible = "what differences there may be are negligible"
    assert found.settled == (negligible if asked >= 392 else "all 300 examples were used")


def test_where_the_time_is_short_the_better_go_on() -> None:
    """Seven of a tenth each, a second an example: the second round would take 7 × 128 s, and 300 s are left."""
    wrong = {f"c{place}": every(10, place) for place in range(7)}
    found = race(prober(wrong, each=1.0), list(wrong), deadline=300)
    by_examples = Counter(one.examples for one in found.standings)
    assert by_examples == {128: 5, 256: 2}
    assert sum("lack of time" in one.out for one in found.standings) == 5
    assert found.settled == "the time was up"


def test_where_there_is_no_time_for_two_nobody_is_dropped_for_it() -> None:
    found = race(prober({"one": every(10), "other": every(10, 1)}, each=1.0), ["one", "other"], deadline=60)
    assert found.settled == "the time was up"
    assert len(found.running) == 2


def slow(one: Candidate, drawn: Drawn, allowed: float) -> Probed:
    """A second an example for the slow one."""
    if one.name == "slow" and len(drawn.rows) > allowed:
        raise TooSlow(f"it would take {len(drawn.rows)} s")
    return prober(dict.fromkeys(["one", "slow", "other"], every(10)))(one, drawn, allowed)


def test_a_slow_one_gives_way_to_the_others() -> None:
    found = race(slow, ["slow", "one", "other"], deadline=150)
    assert [(one.backbone, one.why) for one in found.left_out] == [("slow", "it would take 128 s")]
    assert [one.candidate.name for one in found.standings] == ["one", "other"]


def test_a_slow_one_gets_what_the_others_have_left() -> None:
    """By hand: of 300 s a third is its share and 128 are needed; the others take none of what is left."""

    def probe(one: Candidate, drawn: Drawn, allowed: float) -> Probed:
        if one.name == "slow" and allowed < 128:
            raise TooSlow("it would take 128 s", 128.0)
        return slow(one, drawn, allowed)

    found = race(probe, ["slow", "one", "other"], deadline=300)
    assert [one.candidate.name for one in found.standings] == ["slow", "one", "other"]
    assert found.left_out == []


def test_where_all_are_slow_they_see_fewer_examples() -> None:
    found = race(slow, ["slow"], deadline=100)
    assert [(one.candidate.name, one.examples) for one in found.standings] == [("slow", 64)]


def test_where_the_time_is_up_before_it_began() -> None:
    with pytest.raises(
        NoneProbed, match=r"more time \(--budget\) may help:\n  - one: the time was up before its turn"
    ):
        race(slow, ["one"], deadline=1e-9)


def test_where_none_can_be_probed_each_is_named_with_its_reason() -> None:
    def probe(one: Candidate, drawn: Drawn, allowed: float) -> Probed:
        raise HeadstartError(f"{one.name} has no weights.\nAt hand: none.")

    with pytest.raises(NoneProbed, match=r"(?s)No backbone could be probed.*a: a has no.*b: b has no"):
        race(probe, ["a", "b"])


def failing_from(size: int, *names: str) -> Probe:
    """Of those `names` a probe on so many examples fails, for want of numbers or of memory."""
    sound = prober({"one": every(10), "other": every(10, 1), "third": every(10, 2)})

    def probe(one: Candidate, drawn: Drawn, allowed: float) -> Probed:
        if one.name in names and len(drawn.rows) >= size:
            raise (RuntimeError if one.name == "other" else HeadstartError)(f"{one.name} failed.\nMore of it.")
        return sound(one, drawn, allowed)

    return probe


@pytest.mark.parametrize("name", ["one", "other"])
def test_one_that_fails_in_a_later_round_is_out_and_the_others_go_on(name: str) -> None:
    found = race(failing_from(256, name), ["one", "other", "third"])
    out = {one.candidate.name: one.out for one in found.standings if one.out}
    assert out == {name: f"it could not be probed on 256 examples: {name} failed."}
    assert {one.examples for one in found.running} == {600}
    assert len(found.running) == 2


def test_one_that_fails_in_the_first_round_is_left_out() -> None:
    found = race(failing_from(1, "other"), ["one", "other", "third"])
    assert found.left_out == [("other", "other failed.")]
    assert len(found.running) == 2


def test_where_all_fail_in_a_later_round_the_last_one_stands() -> None:
    found = race(failing_from(256, "one", "other", "third"), ["one", "other", "third"])
    assert found.settled == "on 256 examples none could be probed: one failed."
    assert {one.examples for one in found.running} == {FIRST}
    assert len(found.running) == 3
    assert pick(found).standing in found.running


def test_the_only_one_left_is_not_said_to_be_better_than_those_that_failed() -> None:
    found = pick(race(failing_from(256, "one", "other"), ["one", "other", "third"]))
    assert found.standing.candidate.name == "third"
    assert found.why == "the only one left on 256 examples: others could not be probed, or were worse"


def test_what_was_fetched_once_is_not_fetched_for_the_next_round() -> None:
    """Two that took a hundred seconds each, most of it to be fetched; the next round takes each of them one."""
    sound = prober({"one": every(10), "other": every(10, 1)})

    def probe(one: Candidate, drawn: Drawn, allowed: float) -> Probed:
        return replace(sound(one, drawn, allowed), seconds=100.0, each=0.0, solving=0.25, loading=0.5)

    found = race(probe, ["one", "other"], deadline=10.0)
    assert found.settled == "all 600 examples were used"
    assert _predicted(found.standings[0], 1200) == 0.5 + 2 * 0.25


def test_the_test_split_is_left_alone_and_every_beginning_is_stratified() -> None:
    made = material(400, tested=100)
    order = stratified_order(made, seed=3)
    assert sorted(order) == list(range(400))
    for size in (16, 100, 250):
        counts = np.bincount(order[:size] % 4, minlength=4)
        assert counts.max() - counts.min() <= 2
    assert list(order) == list(stratified_order(made, seed=3)) != list(stratified_order(made, seed=4))


def test_copies_share_a_fold() -> None:
    made = material(200)
    made.checked.fingerprints[:100] = made.checked.fingerprints[100:200]
    seen: list[Drawn] = []

    def probe(one: Candidate, drawn: Drawn, allowed: float) -> Probed:
        seen.append(drawn)
        return prober({"one": every(10)})(one, drawn, allowed)

    Halving(made, probe, 0, Stopwatch(), math.inf, Progress(quiet=True)).run([candidate("one")])
    place = dict(zip(seen[0].rows.tolist(), seen[0].folds.tolist(), strict=True))
    pairs = [(place[row], place[row + 100]) for row in range(100) if row in place and row + 100 in place]
    assert pairs
    assert all(first == second for first, second in pairs)
