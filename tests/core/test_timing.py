"""Durations as people write and read them, and a stopwatch with laps."""

from __future__ import annotations

import contextlib

import pytest

from headstart.core import timing
from headstart.core.errors import UsageError
from headstart.core.timing import Stopwatch, parse_duration, say_duration, say_taken


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("10m", 600), ("10 min", 600), ("1.5h", 5400), (" 2M ", 120), ("0.5", 0.5)],
)
def test_durations_are_read(text: str, seconds: float):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "-5", "0", "0s", "1h30", "ten", "5d", "1e3", "nan", ".5", "10 mins x"])
def test_other_words_are_refused_with_an_example(text: str):
    with pytest.raises(UsageError, match=r"is not a duration\. Write for example 90s, 10m or 1\.5h"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0.0 s"),
        (0.44, "0.4 s"),
        (12.3, "12 s"),
        (60, "1 min"),
        (75, "1 min 15 s"),
        (3600, "1 h 0 min"),
        (4000, "1 h 7 min"),
        (7325, "2 h 2 min"),
    ],
)
def test_durations_are_said(seconds: float, words: str):
    assert say_duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "budget", "words"),
    [
        (59, 60, "59 s"),
        (65, 60, "1 min 5 s"),  # a few seconds are no news
        (67, 60, "1 min 7 s, of a budget of 1 min"),
        (655, 600, "10 min 55 s"),  # nor is a tenth
        (322, 60, "5 min 22 s, of a budget of 1 min"),
        (10, float("inf"), "10 s"),
    ],
)
def test_a_budget_that_was_clearly_overrun_is_said(seconds: float, budget: float, words: str):
    assert say_taken(seconds, budget) == words


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])
    return now


def test_laps_add_up_also_when_the_block_fails(clock: list[float]):
    watch = Stopwatch()
    with watch.lap("train"):
        clock[0] += 2
    with contextlib.suppress(KeyError), watch.lap("train"):
        clock[0] += 3
        raise KeyError
    clock[0] += 5
    assert watch.laps["train"] == 5
    assert watch.laps["decode"] == 0
    assert watch.total == 10


def test_credit_counts_what_an_interrupted_run_took(clock: list[float]):
    watch = Stopwatch()
    clock[0] += 1
    watch.credit(7)
    assert watch.total == 8
