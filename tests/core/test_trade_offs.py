"""Precision against recall from scores, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from headstart.core.trade_offs import MOST_POINTS, TradeOff, points_of


def test_points_by_hand_with_a_tie() -> None:
    """Right at 0.9 and 0.5, wrong at 0.7, 0.5 and 0.1: the two at 0.5 are one threshold; 4 are to be found."""
    scores = np.array([0.5, 0.9, 0.7, 0.5, 0.1])
    hits = np.array([True, True, False, False, False])
    expected = [(1 / 4, 1.0), (1 / 4, 1 / 2), (2 / 4, 2 / 4), (2 / 4, 2 / 5)]
    assert points_of(scores, hits, 4) == [pytest.approx(point) for point in expected]


def test_without_anything_to_find_or_found_there_is_no_line() -> None:
    assert points_of(np.zeros(0), np.zeros(0, bool), 3) == []
    assert points_of(np.ones(2), np.zeros(2, bool), 0) == []


def test_a_long_line_keeps_its_ends() -> None:
    scores = np.linspace(1, 0, 5000)
    found = points_of(scores, np.ones(5000, bool), 5000)
    assert len(found) == MOST_POINTS
    assert found[0] == (1 / 5000, 1.0)
    assert found[-1] == (1.0, 1.0)


def test_the_threshold_in_use() -> None:
    assert TradeOff("cat", [], found=3, missed=1, alarms=2).used == (3 / 4, 3 / 5)
    assert TradeOff("cat", [], found=0, missed=4, alarms=0).used is None
    assert TradeOff("cat", [], found=0, missed=0, alarms=2).used is None
