"""TransRate against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from headstart.transferability.base import Seen
from headstart.transferability.trans_rate import TransRate


def test_one_feature_by_hand() -> None:
    """Features -1 -1 1 1 and ε = 1/2. R(Z) = 1/2 log(1 + 4 / (4 ε)) = 1/2 log 3, and the same within each class."""
    features = np.array([[-1.0], [-1.0], [1.0], [1.0]])
    assert TransRate(0.5).score(Seen(features, np.array([0, 0, 1, 1]))) == pytest.approx(0.0)


def test_classes_along_two_axes_by_hand() -> None:
    """Class 0 at ±(1, 0), class 1 at ±(0, 1), ε = 1/2: R(Z) = 1/2 log (1 + 2 / (4 ε))² = log 2, and within a class
    1/2 log(1 + 2 / (2 ε)) = 1/2 log 3."""
    features = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    score = TransRate(0.5).score(Seen(features + 3, np.array([0, 0, 1, 1])))
    assert score == pytest.approx(math.log(2) - math.log(3) / 2)


def test_classes_count_by_their_share() -> None:
    """The class of the one point at nought takes no bits; the other, at ±1 twice, has 4/5 of the examples."""
    features = np.array([[0.0], [1.0], [1.0], [-1.0], [-1.0]])
    score = TransRate(0.5).score(Seen(features, np.array([0, 1, 1, 1, 1])))
    assert score == pytest.approx(math.log(1 + 4 / 2.5) / 2 - 4 / 5 * math.log(1 + 4 / 2) / 2)


def test_more_features_than_examples_give_the_same_determinant() -> None:
    """Columns of nought add nothing, whichever product the determinant is taken of."""
    features = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    padded = np.hstack([features, np.zeros((4, 7))])
    assert TransRate(0.5).score(Seen(padded, np.array([0, 0, 1, 1]))) == pytest.approx(math.log(2) - math.log(3) / 2)
