"""Intervals and resamples, against hand computation and SciPy."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from headstart.core.statistics import (
    bootstrap_draws,
    paired_difference,
    percentile_interval,
    ranks,
    standard_error,
    wilson,
)


def test_wilson_by_hand():
    # z² = 3.8415: centre (0.8 + 0.19207) / 1.38415 = 0.71674, half 1.95996 √(0.016 + 0.0096036) / 1.38415 = 0.22658.
    figure = wilson(8, 10)
    assert figure.value == 0.8
    assert (figure.low, figure.high) == (pytest.approx(0.4902, abs=5e-5), pytest.approx(0.9433, abs=5e-5))


@pytest.mark.parametrize(("successes", "n"), [(0, 5), (5, 5), (1, 1), (123, 1000), (999, 1000)])
def test_wilson_equals_scipy(successes, n):
    reference = binomtest(successes, n).proportion_ci(0.95, method="wilson")
    assert wilson(successes, n)[1:] == pytest.approx((reference.low, reference.high), abs=1e-12)


def test_wilson_of_nothing_knows_nothing():
    value, low, high = wilson(0, 0)
    assert math.isnan(value)
    assert (low, high) == (0.0, 1.0)


def test_wilson_rejects_more_successes_than_trials():
    with pytest.raises(ValueError, match="11 of 10"):
        wilson(11, 10)


def test_draws_are_reproducible_and_cover_the_sample():
    draws = bootstrap_draws(50, count=200, seed=3)
    assert draws.shape == (200, 50)
    assert draws.dtype == np.int32
    assert np.array_equal(draws, bootstrap_draws(50, count=200, seed=3))
    assert not np.array_equal(draws, bootstrap_draws(50, count=200, seed=4))
    assert set(np.unique(draws)) == set(range(50))


def test_draws_of_a_large_sample_stay_affordable():
    assert bootstrap_draws(100_000).shape == (200, 100_000)


def test_draws_of_nothing_are_an_error():
    with pytest.raises(ValueError, match="n = 0"):
        bootstrap_draws(0)


def test_bootstrap_standard_error_of_a_mean_is_the_textbook_one():
    values = np.random.default_rng(0).normal(size=400)
    means = values[bootstrap_draws(400, count=4000)].mean(axis=1)
    assert standard_error(means) == pytest.approx(values.std() / 20, rel=0.05)


def test_percentiles_by_hand():
    # 0 … 1000: the 2.5 % percentile is 25, the 97.5 % percentile 975.
    assert percentile_interval(np.arange(1001.0), 400.0) == (400.0, 25.0, 975.0)


def test_an_interval_holds_its_value_and_ignores_nan():
    assert percentile_interval(np.array([1.0, 1.0, np.nan]), 2.0) == (2.0, 1.0, 2.0)


def test_paired_difference_is_narrow_where_both_move_together():
    together = np.random.default_rng(0).normal(size=1000)
    difference = paired_difference(together + 0.5, together)
    assert difference == pytest.approx((0.5, 0.5, 0.5))
    assert paired_difference(together, together, centre=0.0).value == 0.0


def test_paired_difference_needs_the_same_draws():
    with pytest.raises(ValueError, match="same draws"):
        paired_difference(np.zeros(3), np.zeros(4))


def test_equal_values_share_the_mean_of_their_places() -> None:
    assert ranks(np.array([10.0, 3, 3, 7])).tolist() == [3, 0.5, 0.5, 2]
