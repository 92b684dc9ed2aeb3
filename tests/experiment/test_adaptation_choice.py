"""The decision whether an adaptation is kept: votes, ranks, rare classes, and labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from headstart.adaptations.base import Adapted, Domains
from headstart.experiment.adaptation.choice import (
    PARTS,
    Tried,
    choose,
    consensus,
    divisions,
    mean_ranks,
    preferences,
)
from headstart.experiment.adaptation.labels import beyond_chance
from headstart.model.network import Network
from headstart.tasks import TASKS
from headstart.validators import VALIDATORS

NAMES = VALIDATORS.names()
OFTEN = 5
"""Divisions of the candidates that are made here."""


def domains(count: int = 100) -> Domains:
    task = TASKS.load("classification").from_targets(["a", "b"])
    network = Network(nn.Identity(), task.head(2))  # type: ignore[arg-type]
    classes = np.arange(40) % 2
    source, target = np.zeros((40, 2), np.float32), np.zeros((count, 2), np.float32)
    return Domains(task, network, source, classes, np.zeros(40, int), target, torch.zeros(count, 2), 1.0)


def candidate(name: str, gains: list[float], depth: int = 1, spread: float = 0.01) -> Tried:
    """A candidate whose figures lie so far above the source model's, with some spread over the parts."""
    wobble = spread * np.stack([np.roll(np.linspace(-1, 1, PARTS), shift) for shift in range(OFTEN)])
    parts = {each: gain + wobble for each, gain in zip(NAMES, gains, strict=True)}
    given = domains()
    probable = np.tile([[0.9, 0.1], [0.1, 0.9]], (50, 1))
    adapted = Adapted(given.network, given.target, given.outputs, given.source)
    return Tried(name, "", depth, adapted, probable, parts, 0.0)


SOURCE = replace(
    candidate("source model", [0.0] * 6, depth=0), parts={each: np.zeros((OFTEN, PARTS)) for each in NAMES}
)


def test_a_difference_within_the_spread_is_no_vote() -> None:
    """Five differences -0.01 … 0.01 around 0.005: t = 0.005 / (0.0079 / √5) = 1.41, below 2.086."""
    votes = preferences(candidate("x", [0.005, 0.02, -0.02, 0.0, 1.0, -1.0]), SOURCE)
    assert list(votes.values()) == [0, 1, -1, 0, 1, -1]


def test_a_vote_is_that_of_the_mean_over_divisions() -> None:
    """One division alone says yes: 0.02 ± 0.0079 / √5. Five of which the others say -0.01 have a mean of -0.004."""
    yes = candidate("x", [0.02] * 6).parts
    tossed = {name: values - 0.03 * (np.arange(OFTEN) > 0)[:, None] for name, values in yes.items()}
    alone = replace(SOURCE, parts={name: values[:1] for name, values in yes.items()})
    assert set(preferences(alone, SOURCE).values()) == {1}
    assert set(preferences(replace(SOURCE, parts=tossed), SOURCE).values()) == {0}


def test_one_vote_in_twenty_is_cast_by_chance() -> None:
    """Of differences between 100 examples that are standard normal, so that nobody is better."""
    random = np.random.default_rng(0)
    split = [np.stack([part for part, _ in division]) for division in divisions(100, 100, seed=0)]
    votes = []
    one = candidate("x", [0.0] * 6)
    nobody = replace(SOURCE, parts={NAMES[0]: np.zeros((len(split), PARTS))})
    for _ in range(1_000):
        gains = random.normal(size=100)
        parts = {NAMES[0]: np.stack([gains[places].mean(axis=1) for places in split])}
        votes.append(preferences(replace(one, parts=parts), nobody)[NAMES[0]])
    assert [votes.count(side) / 1_000 for side in (-1, 1)] == pytest.approx([0.025, 0.025], abs=0.01)


def test_every_division_holds_every_place_once_and_the_same_for_all_candidates() -> None:
    made = divisions(23, 40, seed=1)
    for parts in made:
        new, known = (np.sort(np.concatenate(each)) for each in zip(*parts, strict=True))
        assert (new.tolist(), known.tolist()) == (list(range(23)), list(range(40)))
    again = divisions(23, 40, seed=1)
    assert all(np.array_equal(a, b) for a, b in zip(made[4][0], again[4][0], strict=True))
    assert not np.array_equal(made[0][0][0], made[1][0][0])


@pytest.mark.parametrize(
    ("new", "known", "often"), [(40, 23, 25), (2_000, 1_000, 25), (900, 5_000, 10), (10**6, 9, 5)]
)
def test_few_examples_are_divided_more_often(new: int, known: int, often: int) -> None:
    """Until 50,000 of the larger side were judged, but 5 to 25 times."""
    assert len(divisions(new, known, seed=0)) == often


@pytest.mark.parametrize(
    ("gains", "kept"),
    [
        ([1, 1, 1, 1, 1, 1], True),
        ([1, 1, 1, 1, 0, -1], True),
        ([1, 1, 0, 0, 0, 0], True),
        ([1, 1, 0, 0, 0, -1], False),  # not three for the one against
        ([1, 1, 1, 0, 0, -1], True),
        ([1, 0, 0, 0, 0, 0], False),  # one alone
        ([1, 1, 1, 1, -1, -1], False),
        ([-1, -1, -1, -1, -1, -1], False),
    ],
)
def test_at_least_two_for_and_three_for_each_against(gains: list[float], kept: bool) -> None:
    choice = choose(domains(), [SOURCE, candidate("x", gains)])
    assert (choice.adapted is not None) is kept
    if not kept:
        assert "labels for each class" in choice.reason


def test_of_several_the_deepest_is_kept_and_of_equals_the_best_mean_rank() -> None:
    low, high = candidate("low", [1.0] * 6), candidate("high", [2.0] * 5 + [0.5])
    assert choose(domains(), [SOURCE, low, high]).name == "high"
    assert choose(domains(), [SOURCE, replace(low, depth=2), high]).name == "low"
    refused = replace(candidate("refused", [-1.0] * 6), depth=3)
    assert choose(domains(), [SOURCE, low, refused]).name == "low"
    assert mean_ranks([{"a": 1.0, "b": 3.0}, {"a": 2.0, "b": 3.0}]).tolist() == [1.75, 1.25]


def test_what_trains_the_backbone_must_agree_with_what_does_not() -> None:
    calm, deep = candidate("calm", [1.0] * 6), replace(candidate("deep", [2.0] * 6), depth=3)
    assert choose(domains(), [SOURCE, calm, deep]).name == "deep"
    swapped = replace(deep, probable=deep.probable[:, ::-1])
    assert consensus(calm, deep) == 1.0
    assert consensus(calm, swapped) == -1.0
    assert choose(domains(), [SOURCE, calm, swapped]).name == "calm"
    worse = replace(candidate("worse", [0.5] * 6), depth=3)  # better than the source model, and not than what is calm
    assert choose(domains(), [SOURCE, worse]).name == "worse"
    kept = choose(domains(), [SOURCE, calm, worse])
    assert kept.name == "calm"
    assert kept.reason.endswith("; worse is preferred to the source model too, but not to calm")
    reason = choose(domains(), [SOURCE, calm, swapped]).reason
    assert reason.endswith("; deep is preferred to the source model too, but gives other classes than calm")
    refused = choose(domains(), [SOURCE, swapped])
    assert refused.adapted is None
    assert refused.reason.startswith("deep: the validators agree, but the classes given are others than by what")


def test_what_networks_are_trained_by_has_no_vote_on_what_trains_the_backbone() -> None:
    """Training makes answers sure and even: two of four others must prefer it, three where one is against."""
    alone = [name for name in NAMES if VALIDATORS.load(name).is_an_objective]
    assert alone == ["information_maximisation", "nuclear_norm"]
    pleased = [5.0 if name in alone else 0.0 for name in NAMES]
    moved, trained = candidate("x", pleased), candidate("x", pleased, depth=3)
    assert (sum(preferences(moved, SOURCE).values()), sum(preferences(trained, SOURCE).values())) == (2, 0)
    assert set(preferences(trained, SOURCE)) == set(NAMES) - set(alone)
    assert choose(domains(), [SOURCE, trained]).adapted is None
    for others, kept in (([1, 1, 0, 0], True), ([1, 1, 0, -1], False), ([1, 1, 1, -1], True)):
        rest = iter(others)
        gains = [-5.0 if name in alone else float(next(rest)) for name in NAMES]
        choice = choose(domains(), [SOURCE, candidate("x", gains, depth=3)])
        assert (choice.adapted is not None) is kept
        assert not kept or choice.reason.startswith(f"{sum(o > 0 for o in others)} of 4 validators prefer it")


def test_what_may_not_be_kept_is_shown_only() -> None:
    shown = replace(candidate("shown", [2.0] * 6), may_be_kept=False)
    assert choose(domains(), [SOURCE, shown]).adapted is None
    reason = choose(domains(), [SOURCE, shown, candidate("poor", [1, 0, 0, 0, 0, 0])]).reason
    assert reason.startswith(
        "the validators do not agree that any adaptation that may be kept unasked is better (poor: 1 of 6 for it, 0 "
        "against); they prefer what is kept only where it is named (--methods) or by labels (shown: 6 of 6 for it, 0 "
        "against). One to three labels"
    )
    alone = choose(domains(), [SOURCE, shown]).reason
    assert alone.startswith(
        "none that was tried may be kept unasked; they prefer what is kept only where it is named"
    )
    assert choose(domains(), [SOURCE, shown, candidate("kept", [1.0] * 6)]).name == "kept"


@pytest.mark.parametrize("labels", [2, 3, 6, 12, 20])
def test_few_labels_seldom_keep_what_gains_nothing(labels: int) -> None:
    """One of seven candidates that gain nothing on average is kept in one case of twenty, or less.

    Four labels or fewer have too few signs to keep one at all; with more it does happen.
    """
    random = np.random.default_rng(0)
    kept = [beyond_chance(random.normal(size=(7, labels))) for _ in range(400)]
    assert np.mean(kept) <= 0.05 + 2 * (0.05 * 0.95 / 400) ** 0.5
    assert np.mean(kept) >= (0.02 if labels > 4 else 0)


def test_clear_gains_are_kept_by_few_labels() -> None:
    """Of 2⁵ signs one gives a mean as high, 1 / 32; of 2⁴ one of 16. Candidates that say the same count as one."""
    gains = np.array([[1.0, 2.0, 3.0, 1.0, 2.0]])
    assert beyond_chance(gains)
    assert not beyond_chance(gains[:, :4])
    assert beyond_chance(np.repeat(gains, 7, axis=0))
    assert not beyond_chance(-gains)
    assert not beyond_chance(np.zeros((2, 8)))
    assert not beyond_chance(np.concatenate([gains, gains * [1, -1, 1, 1, 1]])), "another sign is as high"
