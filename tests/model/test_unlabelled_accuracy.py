"""Accuracy without labels: each estimator by hand, and what is done where classes or inputs changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from headstart.model.unlabelled_accuracy import (
    HeldOut,
    New,
    agreement,
    difference_of_confidences,
    estimate,
    optimal_transport,
    thresholded_confidence,
)

HELD = HeldOut(np.array([0.8, 0.2, 0.6, 0.4]), np.array([1.0, 0.0, 1.0, 1.0]), np.array([0.5, 0.5]), 0.8)
TO_FIRST = np.array([[0.9, 0.1], [0.8, 0.2]])


def test_confidence_above_the_threshold() -> None:
    """One of four is wrong, so the threshold is the second smallest confidence, 0.4."""
    assert thresholded_confidence(HELD, np.array([0.3, 0.4, 0.9])) == pytest.approx(2 / 3)
    assert thresholded_confidence(replace(HELD, right=np.zeros(4)), np.array([0.9])) == 0.0


def test_difference_of_confidences() -> None:
    """0.75 right at a mean confidence of 0.5; 0.1 less confident is 0.65 right."""
    assert difference_of_confidences(HELD, np.array([0.4, 0.4])) == pytest.approx(0.65)
    assert difference_of_confidences(HELD, np.array([1.0])) == 1.0


def test_transport_by_hand() -> None:
    """One of the two must be of the second class: 0.9 + 0.2 is more than 0.8 + 0.1."""
    assert optimal_transport(TO_FIRST, np.array([0.5, 0.5])) == pytest.approx(0.55)
    assert optimal_transport(TO_FIRST, np.array([1.0, 0.0])) == pytest.approx(0.85)


def test_transport_of_many_takes_some() -> None:
    probable = np.tile([[0.7, 0.3], [0.3, 0.7]], (700, 1))
    assert optimal_transport(probable, np.array([0.5, 0.5])) == pytest.approx(0.7, abs=0.01)


def test_agreement_with_the_nearest() -> None:
    nearest, classes = np.array([[0, 1, 2], [0, 1, 2], [0, 3, 9]]), np.array([5, 5, 6, 6, 0, 0, 0, 0, 0, 7])
    assert agreement(nearest[:2], classes, np.array([5, 6])) == 0.5
    assert agreement(nearest[2:], classes, np.array([6])) == pytest.approx(1 / 3)  # three classes, one vote each


def test_the_same_again_is_as_right_as_before() -> None:
    held = HeldOut(np.full(400, 0.8), np.tile([1.0, 1.0, 1.0, 1.0, 0.0], 80), np.array([0.5, 0.5]), 0.9)
    probable = np.tile([[0.8, 0.2], [0.2, 0.8]], (200, 1))
    value, low, high = estimate(held, New(np.full(400, 0.8), probable, 0.9, 0.5))
    assert value == pytest.approx(0.8)
    assert 0.6 < low < 0.8 < high <= 1


def test_other_inputs_are_less_right_than_they_are_confident() -> None:
    """Told apart with certainty: transport, 0.55, times 0.4 / 0.8 of the agreement."""
    value, low, high = estimate(HELD, New(np.array([0.9, 0.8]), TO_FIRST, 0.4, 1.0))
    assert value == pytest.approx(0.275)
    assert low == 0.0
    assert high > 0.55


def test_other_shares_of_the_same_classes_cost_nothing() -> None:
    """Nothing but the first class, looking as before: the confidence counts, 0.75 - 0.5 + 0.85, at most 1."""
    assert estimate(HELD, New(np.array([0.9, 0.8]), TO_FIRST, 0.4, 0.5)).value == pytest.approx(1.0)


def test_without_classes_confidence_is_all_there_is() -> None:
    held = replace(HELD, shares=np.zeros(0))
    assert estimate(held, New(np.array([0.4]), np.zeros((1, 0)), 1.0, 1.0)).value == pytest.approx(0.65)
