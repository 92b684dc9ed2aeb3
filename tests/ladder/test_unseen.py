"""How a rung is judged by the examples it learns from: by which folds, and what that costs."""

from __future__ import annotations

import numpy as np
import pytest

from headstart.ladder.unseen import folds_of, times_climbed
from headstart.strategies.base import Rung

FOLDS = np.array([0, 1, 2, 3, 4, 5, 0, 1, 2, 3])
"""Number 5 makes a sixth of them; the others hold two examples each, but for the fifth."""


@pytest.mark.parametrize(("reach", "expected"), [(0.0, FOLDS), (1.0, FOLDS % 3)])
def test_folds_are_joined_for_what_trains_the_backbone(reach: float, expected: np.ndarray):
    rung = Rung("few", "few", 0, reach=reach, for_few=True)
    assert folds_of(rung, FOLDS).tolist() == expected.tolist()
    # With k folds (k - 1) / k of the examples k times, and all of them once.
    assert times_climbed(rung, FOLDS) == len(set(expected.tolist()))


def test_what_few_folds_there_are_stay():
    rung = Rung("few", "few", 0, reach=1.0, for_few=True)
    assert folds_of(rung, np.array([7, 3, 7])).tolist() == [1, 0, 1]
    assert times_climbed(rung, None) == 1
