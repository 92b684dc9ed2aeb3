"""The figures of regression, each ready to be recomputed on resamples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from headstart.tasks._resampling import Measure, count_of, in_chunks, mean_of

# Each figure takes predictions and truths (N,) in standard deviations and the size of one deviation in the
# person's units, and returns a function from draws (B, N) to its values (B,).


def mae(predicted: np.ndarray, truth: np.ndarray, deviation: float) -> Measure:
    """The mean absolute error, in the person's units."""
    errors = np.abs(predicted - truth) * deviation
    return lambda draws: mean_of(errors, draws)


def rmse(predicted: np.ndarray, truth: np.ndarray, deviation: float) -> Measure:
    """The root of the mean squared error, in the person's units."""
    squares = (predicted - truth) ** 2
    return lambda draws: np.sqrt(mean_of(squares, draws)) * deviation


def r2(predicted: np.ndarray, truth: np.ndarray, deviation: float) -> Measure:
    """1 - squared error / variance of the truths; NaN where a draw holds one truth only."""
    squares = (predicted - truth) ** 2

    def measure(draws: np.ndarray) -> np.ndarray:
        return 1 - _ratio(mean_of(squares, draws), _covariance(truth, truth, draws))

    return measure


def spearman(predicted: np.ndarray, truth: np.ndarray, deviation: float) -> Measure:
    """Spearman's rank correlation, ties sharing their mean rank; NaN where one side does not vary."""

    everyone, codes_a, codes_b = np.arange(len(truth)), _codes(predicted), _codes(truth)

    def measure(draws: np.ndarray) -> np.ndarray:
        times = count_of(everyone, len(everyone), draws)
        return _correlation(_ranks(codes_a, draws), _ranks(codes_b, draws), times / draws.shape[1])

    return lambda draws: in_chunks(measure, draws, cost=6)


def _codes(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.unique(values, return_inverse=True)[1])


def _ranks(codes: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """(B, N): the mean rank that example n's value has within each draw."""
    counts = count_of(codes, int(codes.max()) + 1, draws)
    ranks: np.ndarray = (np.cumsum(counts, axis=1) - (counts - 1) / 2)[:, codes]
    return ranks


def _correlation(a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(B,) Pearson correlations of rows of `a` and `b` (B, N) under `weights` (B, N) that sum to 1 in a row."""
    a = a - (weights * a).sum(axis=1, keepdims=True)
    b = b - (weights * b).sum(axis=1, keepdims=True)
    spread = np.sqrt((weights * a * a).sum(axis=1) * (weights * b * b).sum(axis=1))
    return _ratio((weights * a * b).sum(axis=1), spread)


def _covariance(a: np.ndarray, b: np.ndarray, draws: np.ndarray) -> np.ndarray:
    return mean_of(a * b, draws) - mean_of(a, draws) * mean_of(b, draws)


def _ratio(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    return np.where(under > 1e-12, over / np.maximum(under, 1e-12), np.nan)


FIGURES: dict[str, Callable[[np.ndarray, np.ndarray, float], Measure]] = {
    "mae": mae,
    "rmse": rmse,
    "r2": r2,
    "spearman": spearman,
}
