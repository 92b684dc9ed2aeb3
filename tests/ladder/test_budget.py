"""Epochs that fit, by hand, with and without training once more on every example."""

from __future__ import annotations

import pytest

from headstart.ladder.budget import Plan, Trained, epochs_on_all, plan
from headstart.training.cost import Cost


@pytest.mark.parametrize(
    ("epochs", "seconds", "left", "expected"),
    [
        # 10 s an epoch. A second training of as many steps as 10 epochs is 8 epochs over a quarter more examples,
        # 10 % in hand: 8 · 1.25 · 1.1 = 11 epochs' time, 21 in all.
        (10, 100.0, 210.5, Plan(10, True)),
        (10, 100.0, 209.5, Plan(9, True)),
        (10, 100.0, 129.0, Plan(6, True)),  # 6 + 5 · 1.375 = 12.875
        (10, 100.0, 128.0, Plan(10, False)),  # 5 are less than six tenths: all of them, once
        (10, 100.0, 77.0, Plan(7, False)),
        (10, 100.0, 5.0, Plan(2, False)),  # never fewer than two
        (4, 40.0, 58.0, Plan(3, True)),  # 3 + 2 · 1.375 = 5.75; 3 of 4 are enough, 2 are not
        (4, 40.0, 57.0, Plan(4, False)),
        (1, 10.0, 24.0, Plan(1, True)),  # 1 + 1.375
        (1, 10.0, 1.0, Plan(1, False)),
        (3, 0.0, 1.0, Plan(3, True)),
    ],
)
def test_epochs_that_fit(epochs: int, seconds: float, left: float, expected: Plan):
    assert plan(epochs, Cost(seconds / epochs), left, 0.25) == expected


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        # Once 20 s, 5 s a view, 10 s an epoch: ten epochs are 135 s, three 65, two 50. Once more: 8 · 12.5 s and a
        # quarter of the three views, 10 % in hand: 114.125 s.
        (249.2, Plan(10, True)),
        (249.0, Plan(9, True)),
        (136.0, Plan(10, False)),
        (134.0, Plan(9, False)),
        (64.0, Plan(2, False)),
    ],
)
def test_what_comes_before_the_first_epoch_is_no_shorter_for_fewer(left: float, expected: Plan):
    assert plan(10, Cost(10.0, 20.0, 5.0, 3), left, 0.25) == expected


@pytest.mark.parametrize(("left", "epochs"), [(101.0, 10), (79.0, 7), (5.0, 2)])
def test_what_is_not_trained_once_more_may_take_all_the_time(left: float, epochs: int):
    assert plan(10, Cost(10.0), left, 1.0, again=False) == Plan(epochs, True)


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        # 4 epochs of 10 s and 5 of 20 s, a quarter more examples, 10 % in hand: 140 · 1.375 = 192.5 s.
        (193.0, [4, 5]),
        # As many steps: 3.2 and 4 epochs, (3 · 10 + 4 · 20) · 1.375 = 151.25 s.
        (192.0, [3, 4]),
        (152.0, [3, 4]),
        (151.0, None),
    ],
)
def test_epochs_over_every_example(left: float, expected: list[int] | None):
    assert epochs_on_all([Trained(4, 10.0), Trained(5, 20.0)], left, 0.25) == expected


def test_what_was_not_trained_costs_nothing():
    assert epochs_on_all([Trained(1, 0.0)], -5.0, 0.25) == [1]
