"""LEEP against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from headstart.transferability.base import Seen
from headstart.transferability.leep import Leep


def leep(source: list[list[float]], classes: list[int]) -> float:
    return Leep().score(Seen(classes=np.array(classes), source=np.array(source)))


def test_by_hand() -> None:
    """Two examples, θ = (0.8, 0.2) of class 0 and (0.4, 0.6) of class 1. P(y, z) = [[.4, .1], [.2, .3]], so
    P(0 | z) = (2/3, 1/4) and P(1 | z) = (1/3, 3/4): expected 8/15 + 1/20 = 7/12 and 2/15 + 9/20 = 7/12."""
    assert leep([[0.8, 0.2], [0.4, 0.6]], [0, 1]) == pytest.approx(math.log(7 / 12))


def test_certain_and_useless_source_classes() -> None:
    assert leep([[1, 0], [0, 1], [1, 0]], [1, 0, 1]) == pytest.approx(0.0)
    assert leep([[0.5, 0.5]] * 4, [0, 0, 0, 1]) == pytest.approx((3 * math.log(3 / 4) + math.log(1 / 4)) / 4)


def test_a_source_class_that_never_occurs_is_left_out() -> None:
    assert leep([[0.8, 0.2, 0.0], [0.4, 0.6, 0.0]], [0, 1]) == pytest.approx(math.log(7 / 12))
