"""Two-sample tests: statistics by hand, p-values that hold, and differences that are seen."""

from __future__ import annotations

import math

import numpy as np
import pytest

from headstart.model.two_samples import auc, classifier_test, mmd_test, within_groups

TESTS = [classifier_test, mmd_test]


def noise(count: int, width: int = 6, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, width))


def test_area_by_counting_pairs() -> None:
    """Ones at 0.4 and 0.8, zeros at 0.1, 0.4 and 0.9: of 6 pairs 1 + 1 + ½ + 1 are in order."""
    answers = np.array([0.4, 0.8, 0.1, 0.4, 0.9])[:, None]
    labels = np.array([1.0, 1.0, 0.0, 0.0, 0.0])[:, None]
    assert auc(answers, labels)[0] == pytest.approx((1 + 0.5 + 1 + 1) / 6)


def test_mmd_of_two_pairs_of_points() -> None:
    """Standardised they lie at ±1, the median distance is 2, so MMD² = 1 + 1 - 2 exp(-2² / (2 · 2²))."""
    found = mmd_test(np.zeros((2, 1)), np.ones((2, 1)), draws=9)
    assert found.value == pytest.approx(math.sqrt(2 - 2 * math.exp(-0.5)))


@pytest.mark.parametrize("test", TESTS)
def test_a_difference_has_the_smallest_p_value_there_is(test) -> None:
    found = test(noise(30), noise(40, seed=1) + 2, draws=99)
    assert found.p_value == 0.01


@pytest.mark.parametrize("test", TESTS)
def test_equal_things_cannot_be_told_apart(test) -> None:
    found = test(np.ones((12, 3)), np.ones((15, 3)), draws=19)
    assert found.p_value == 1.0
    assert found.value in (0.0, 0.5)


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("sizes", [(30, 30), (45, 12)])
def test_no_more_false_alarms_than_the_level(test, sizes: tuple[int, int]) -> None:
    """200 draws of one distribution: at level 0.1 more than 33 alarms would have a chance below 1 in 1000."""
    alarms = 0
    for seed in range(200):
        both = noise(sum(sizes), 4, seed)
        alarms += test(both[: sizes[0]], both[sizes[0] :], seed, draws=39).p_value <= 0.1
    assert alarms <= 33


def test_scores_point_at_what_is_different() -> None:
    new = noise(40, seed=1)
    new[:10] += 3
    scores = classifier_test(noise(40), new, draws=19).scores[40:]
    assert np.median(scores[:10]) > np.quantile(scores[10:], 0.9)


def test_the_same_seed_gives_the_same() -> None:
    first, second = classifier_test(noise(20), noise(20, seed=1)), classifier_test(noise(20), noise(20, seed=1))
    assert (first.value, first.p_value) == (second.value, second.p_value)


def test_groups_are_judged_apart() -> None:
    """In group 0 one of two pairs is in order; in group 1, with two ones, both pairs are; group 2 has no zeros."""
    told = np.array([1.0, 2.0, 1.5, 5.0, 6.0, 4.0, 9.0])
    labels = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0])
    groups = np.array([0, 0, 0, 1, 1, 1, 2])
    assert within_groups(told, labels, groups) == pytest.approx((0.5 * 1 + 1.0 * 2) / 3)
    assert within_groups(told, labels, np.arange(7)) == 0.5


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize(("mean", "deviation"), [(-1e-7, 8e-10), (1.0, 1e-4)])
def test_how_an_example_was_kept_tells_nothing(test, mean: float, deviation: float) -> None:
    """A feature that hardly varies, kept in half precision on one side alone: all of its difference is rounding."""
    both = noise(250, 32)
    both[:, 0] = mean + deviation * both[:, 0]
    first, second = both[:50].astype(np.float16).astype(np.float32), both[50:].astype(np.float32)
    assert test(first, second, draws=99).p_value > 0.05
