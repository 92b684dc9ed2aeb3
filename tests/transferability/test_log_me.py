"""LogME against evidences worked out by hand, and against the marginal density of the targets."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from headstart.transferability.base import Seen
from headstart.transferability.log_me import LogMe


def test_one_feature_by_hand() -> None:
    """With F = (1, 0)ᵀ and y = (2, 1)ᵀ, y is N(0, diag(1/β + 1/α, 1/β)): the variances that suit best are the squares
    4 and 1, and the log density is -1/2 (2 log 2π + log 4 + log 1 + 2)."""
    score = LogMe().score(Seen(features=np.array([[1.0], [0.0]]), targets=np.array([[2.0], [1.0]])))
    assert score == pytest.approx(-(2 * math.log(2 * math.pi) + math.log(4) + 2) / 4, abs=1e-6)


def test_columns_are_averaged() -> None:
    """The second column is three times the first: all variances are nine times as large, by log 9 = 2 log 3 each."""
    features = np.array([[1.0], [0.0]])
    first = LogMe().score(Seen(features=features, targets=np.array([[2.0], [1.0]])))
    both = LogMe().score(Seen(features=features, targets=np.array([[2.0, 6.0], [1.0, 3.0]])))
    assert both == pytest.approx(first - math.log(3) / 2, abs=1e-6)


@pytest.mark.parametrize("shape", [(30, 4), (12, 20)])
def test_it_is_the_largest_marginal_density(shape: tuple[int, int]) -> None:
    """y is N(0, I/β + F Fᵀ/α); scipy's density, at the best α and β that its own search finds."""
    random = np.random.default_rng(0)
    features = random.normal(size=shape)
    targets = features[:, 0] + 0.5 * random.normal(size=shape[0])

    def negative(logs: np.ndarray) -> float:
        covariance = np.eye(shape[0]) * np.exp(logs[1]) + features @ features.T * np.exp(logs[0])
        return -float(multivariate_normal.logpdf(targets, np.zeros(shape[0]), covariance))

    best = min(minimize(negative, start, method="Nelder-Mead").fun for start in ([0.0, 0.0], [-2.0, -1.0]))
    score = LogMe(steps=2000, tolerance=1e-9).score(Seen(features=features, targets=targets[:, None]))
    assert score * shape[0] == pytest.approx(-best, abs=1e-3)


def test_features_that_tell_the_class_score_higher() -> None:
    classes = np.arange(40) % 2
    noise = np.random.default_rng(1).normal(size=(40, 3))
    telling = noise + 4 * classes[:, None] - 2
    one_hot = np.eye(2)[classes]
    assert LogMe().score(Seen(telling, None, one_hot)) > LogMe().score(Seen(noise, None, one_hot))


def test_a_class_that_no_example_has_says_nothing() -> None:
    """Its column would be explained wholly by any features, with an evidence that has no bound."""
    classes = np.arange(40) % 2
    features = np.random.default_rng(1).normal(size=(40, 3)) + 4 * classes[:, None]
    with_absent = LogMe().score(Seen(features, None, np.eye(3)[classes]))
    assert with_absent == pytest.approx(LogMe().score(Seen(features, None, np.eye(2)[classes])))


def test_a_target_without_any_spread_is_no_trouble() -> None:
    score = LogMe().score(Seen(features=np.ones((5, 2)), targets=np.zeros((5, 1))))
    assert math.isfinite(score)
