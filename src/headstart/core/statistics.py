"""Intervals and resamples: how sure a figure is, and whether two figures differ."""

from __future__ import annotations

import math

import numpy as np

from headstart.core.results import Figure

Z_95 = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution, for two-sided 95 % intervals."""

_MOST_INDICES = 20_000_000
_FEWEST_DRAWS = 100


def wilson(successes: float, n: int) -> Figure:
    """The share `successes` / `n` with its 95 % score interval.

    Wilson (1927), "Probable inference, the law of succession, and statistical inference":
    centre (p + z²/2n) / (1 + z²/n), half width z √(p(1-p)/n + z²/4n²) / (1 + z²/n).
    With n = 0 the share is NaN and the interval is everything, [0, 1].

    Raises
    ------
    ValueError : not 0 ≤ successes ≤ n.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"wilson needs 0 <= successes <= n, got {successes} of {n}")
    if n == 0:
        return Figure(math.nan, 0.0, 1.0)
    share = successes / n
    spread = 1 + Z_95**2 / n
    centre = (share + Z_95**2 / (2 * n)) / spread
    half = Z_95 * math.sqrt(share * (1 - share) / n + Z_95**2 / (4 * n**2)) / spread
    # At 0 and n the formula gives exactly 0 and 1; rounding must not push the share outside.
    return Figure(share, max(0.0, min(centre - half, share)), min(1.0, max(centre + half, share)))


def bootstrap_draws(n: int, count: int = 1000, seed: int = 0) -> np.ndarray:
    """(B, n) int32 indices of examples drawn with replacement, the same for the same arguments.

    B is `count`; for large `n` fewer, so that at most 20 million indices are held, but never below 100:
    the more examples, the less a percentile gains from more draws. Efron (1979), "Bootstrap methods".

    Raises
    ------
    ValueError : `n` is not positive.
    """
    if n < 1:
        raise ValueError(f"there is nothing to draw from: n = {n}")
    affordable = max(_FEWEST_DRAWS, _MOST_INDICES // n)
    generator = np.random.default_rng(seed)
    return generator.integers(0, n, size=(min(count, affordable), n), dtype=np.int32)


def percentile_interval(values: np.ndarray, centre: float) -> Figure:
    """`centre` with the 2.5 % and 97.5 % percentiles of the resampled `values` (B,); NaNs are left out."""
    known = np.asarray(values, dtype=float)
    known = known[~np.isnan(known)]
    if known.size == 0:
        return Figure(float(centre), math.nan, math.nan)
    low, high = (float(bound) for bound in np.quantile(known, [0.025, 0.975]))
    # A resample holds fewer distinct examples than the sample, which shifts figures such as the
    # calibration error; the interval is widened to hold the value it is an interval of.
    return Figure(float(centre), float(np.fmin(low, centre)), float(np.fmax(high, centre)))


def change_of_right(before: np.ndarray, after: np.ndarray, seed: int) -> Figure:
    """The share of N examples that is right, ``after`` minus ``before``, with its paired interval; each is (N,)."""
    draws = bootstrap_draws(len(before), seed=seed)
    then, now = (each.astype(float)[draws].mean(axis=1) for each in (before, after))
    return paired_difference(now, then, float(after.mean() - before.mean()))


def paired_difference(values_a: np.ndarray, values_b: np.ndarray, centre: float | None = None) -> Figure:
    """a - b with its 95 % interval, from (B,) figures of two models on the same draws.

    `centre` is the difference on the sample itself; without it the mean over the draws stands in.

    Raises
    ------
    ValueError : the two were not measured with the same number of draws.
    """
    if np.shape(values_a) != np.shape(values_b):
        raise ValueError(
            f"a paired difference needs the same draws, got {np.shape(values_a)} and {np.shape(values_b)}"
        )
    difference = np.asarray(values_a, dtype=float) - np.asarray(values_b, dtype=float)
    return percentile_interval(difference, float(np.nanmean(difference)) if centre is None else centre)


def standard_error(values: np.ndarray) -> float:
    """The standard error of a figure: the standard deviation of its resampled `values` (B,), NaNs left out."""
    return float(np.nanstd(np.asarray(values, dtype=float), ddof=1))


def ranks(values: np.ndarray) -> np.ndarray:
    """The places (V,) of values (V,) in rising order, from 0; equal values share the mean of theirs.

    As ``scipy.stats.rankdata`` less 1; to import that takes half a second.
    """
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((counts.cumsum() - (counts + 1) / 2)[which.reshape(-1)])
