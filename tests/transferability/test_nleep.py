"""NLEEP where the clusters are plain to see."""

from __future__ import annotations

import math

import numpy as np
import pytest

from headstart.transferability.base import Seen
from headstart.transferability.nleep import Nleep


def blobs(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Points about (-50, 0) and (50, 0), and which of the two each is."""
    place = np.arange(count) % 2
    features = np.random.default_rng(0).normal(size=(count, 2)) * [1.0, 0.1]
    features[:, 0] += 100 * place - 50
    return features, place


def test_clusters_that_are_the_classes_leave_nothing_open() -> None:
    features, place = blobs(60)
    assert Nleep(each=1).score(Seen(features, place)) == pytest.approx(0.0, abs=1e-6)


def test_clusters_that_say_nothing_give_the_entropy_of_the_classes() -> None:
    """Both clusters hold three quarters of class 0: the score is 3/4 log 3/4 + 1/4 log 1/4."""
    features, _ = blobs(80)
    classes = (np.arange(80) // 2 % 4 == 0).astype(int)
    expected = 0.75 * math.log(0.75) + 0.25 * math.log(0.25)
    assert Nleep(each=1).score(Seen(features, classes)) == pytest.approx(expected, abs=1e-6)
