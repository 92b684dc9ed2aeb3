"""The H-score against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from headstart.transferability.base import Seen
from headstart.transferability.h_score import HScore


def test_one_feature_by_hand() -> None:
    """Features 0 2 | 4 6: variance 5; class means 1 and 5, of variance 4. H = 4 / 5."""
    seen = Seen(features=np.array([[0.0], [2.0], [4.0], [6.0]]), classes=np.array([0, 0, 1, 1]))
    assert HScore().score(seen) == pytest.approx(0.8)


def test_two_independent_features_add_up() -> None:
    """The second feature, 1 -1 | -1 1, is uncorrelated with the first and has equal class means: it adds nothing."""
    features = np.array([[0.0, 1.0], [2.0, -1.0], [4.0, -1.0], [6.0, 1.0]])
    assert HScore().score(Seen(features, np.array([0, 0, 1, 1]))) == pytest.approx(0.8)
    assert HScore().score(Seen(features * [1.0, 1000.0] + 7, np.array([0, 0, 1, 1]))) == pytest.approx(0.8)


def test_a_feature_given_twice_counts_once() -> None:
    """The covariance has no inverse; its pseudo-inverse gives what one of the two gives."""
    once = np.array([[0.0], [2.0], [4.0], [6.0]])
    assert HScore().score(Seen(np.hstack([once, once]), np.array([0, 0, 1, 1]))) == pytest.approx(0.8)
