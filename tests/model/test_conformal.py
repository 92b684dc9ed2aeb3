"""Conformal sets: scores, bars and sets by hand, and coverage as the theory says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from headstart.model.conformal import bar, scores, sets

P = np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]])


def test_a_score_is_how_unlikely_the_truth_seemed() -> None:
    np.testing.assert_allclose(scores(P, np.array([0, 1])), [0.3, 0.7])


def test_of_several_true_labels_the_least_likely_counts() -> None:
    truth = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(scores(P, truth), [0.8, 0.0])


@pytest.mark.parametrize(
    ("count", "coverage", "expected"),
    [
        (9, 0.9, 9),  # ⌈10 · 0.9⌉ = 9
        (19, 0.9, 18),  # ⌈20 · 0.9⌉ = 18
        (20, 0.9, 19),  # ⌈21 · 0.9⌉ = ⌈18.9⌉
        (9, 0.95, math.inf),  # ⌈9.5⌉ = 10 of 9
        (1, 0.5, 1),
        (0, 0.5, math.inf),
    ],
)
def test_the_bar_is_the_corrected_quantile(count: int, coverage: float, expected: float) -> None:
    held_out = np.random.default_rng(0).permutation(np.arange(1.0, count + 1))
    assert bar(held_out, coverage) == expected


def test_a_set_holds_what_is_likely_enough() -> None:
    assert sets(P, 0.7).tolist() == [[True, False, False], [True, True, True]]
    assert sets(P, 0.5).tolist() == [[True, False, False], [False, False, False]]
    assert sets(P, math.inf).all()


def test_coverage_is_that_asked_for() -> None:
    """With 19 held-out scores, a new one is at most the 18th smallest with chance 18 / 20, whatever they are."""
    drawn = np.random.default_rng(0).exponential(size=(4000, 20))
    covered = np.mean([new[-1] <= bar(new[:-1], 0.9) for new in drawn])
    assert abs(covered - 0.9) < 4 * math.sqrt(0.9 * 0.1 / 4000)
