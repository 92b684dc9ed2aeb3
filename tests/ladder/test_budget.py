"""Epochs that fit, by hand, with and without training once more on every example."""

from __future__ import annotations

import pytest

from headstart.ladder.budget import Plan, plan


@pytest.mark.parametrize(
    ("epochs", "seconds", "left", "expected"),
    [
        (10, 100.0, 225.0, Plan(10, True)),  # 10 s an epoch, 22.5 s with its part of the second training
        (10, 100.0, 224.0, Plan(9, True)),
        (10, 100.0, 135.0, Plan(6, True)),
        (10, 100.0, 134.0, Plan(10, False)),  # 5.96 are less than six tenths: all of them, once
        (10, 100.0, 77.0, Plan(7, False)),
        (10, 100.0, 5.0, Plan(2, False)),  # never fewer than two
        (4, 40.0, 67.5, Plan(3, True)),  # 3 of 4 are enough, 2 are not
        (4, 40.0, 67.0, Plan(4, False)),
        (1, 10.0, 23.0, Plan(1, True)),
        (1, 10.0, 1.0, Plan(1, False)),
        (3, 0.0, 1.0, Plan(3, True)),
    ],
)
def test_epochs_that_fit(epochs: int, seconds: float, left: float, expected: Plan):
    assert plan(epochs, seconds, left, 0.25) == expected
