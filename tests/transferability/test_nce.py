"""NCE against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from headstart.transferability.base import Seen
from headstart.transferability.nce import Nce


def test_by_hand() -> None:
    """Source classes 0 0 0 1 with classes 0 0 1 1: H(Y | Z) = 3/4 H(1/3) = -(1/2 log 2/3 + 1/4 log 1/3)."""
    source = np.array([[0.9, 0.1], [0.6, 0.4], [0.7, 0.3], [0.2, 0.8]])
    score = Nce().score(Seen(classes=np.array([0, 0, 1, 1]), source=source))
    assert score == pytest.approx(0.5 * math.log(2 / 3) + 0.25 * math.log(1 / 3))


def test_a_source_class_for_each_leaves_nothing_open() -> None:
    assert Nce().score(Seen(classes=np.array([2, 0, 1]), source=np.eye(3))) == pytest.approx(0.0)
