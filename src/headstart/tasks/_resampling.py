"""Figures recomputed on many resamples at once, without looping over them in Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from torch import Tensor

from headstart.core.results import Figure, Figures
from headstart.core.statistics import bootstrap_draws, percentile_interval

_CELLS_AT_ONCE = 4_000_000

Measure = Callable[[np.ndarray], np.ndarray]
"""Draws (B, N) in, the figure on each draw (B,) out."""


def to_array(tensor: Tensor) -> np.ndarray:
    """A tensor of any device and precision as a NumPy array; floats as doubles."""
    plain = tensor.detach().cpu()
    return np.asarray(plain.double().numpy() if plain.is_floating_point() else plain.numpy())


def identity(n: int) -> np.ndarray:
    """The draw (1, n) that takes every example once."""
    return np.arange(n, dtype=np.int32)[None]


def bootstrapped(measure: Measure, n: int) -> Figure:
    """The figure on all n examples, with its 95 % percentile interval over bootstrap draws."""
    return percentile_interval(measure(bootstrap_draws(n)), float(measure(identity(n))[0]))


def with_width(figures: Figures, right: Figure, higher_is_better: Mapping[str, bool]) -> Figures:
    """The figures, with the interval of the share that is `right` where all examples are, or none.

    Resamples are all alike then, and a figure whose best value is 1 has a percentile interval without width, as if
    nothing else could have come out; a share has Wilson's, which widens the fewer there are.
    """

    def widened(name: str, figure: Figure) -> Figure:
        alike = higher_is_better[name] and figure.low == figure.high == right.value
        return Figure(figure.value, right.low, right.high) if alike else figure

    return {name: widened(name, figure) for name, figure in figures.items()}


def in_chunks(measure: Measure, draws: np.ndarray, cost: int = 1) -> np.ndarray:
    """`measure` of all draws, a few million cells at a time; `cost` is the cells it needs per drawn index."""
    rows = max(1, _CELLS_AT_ONCE // max(1, draws.shape[1] * cost))
    return np.concatenate([measure(draws[start : start + rows]) for start in range(0, len(draws), rows)])


def mean_of(values: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Means (B,) of `values` (N,) on each of the `draws` (B, N)."""
    return in_chunks(lambda part: values[part].mean(axis=1), draws)


def count_of(codes: np.ndarray, size: int, draws: np.ndarray, values: np.ndarray | None = None) -> np.ndarray:
    """(B, size): how often each code 0 … size-1 of `codes` (N,) is drawn, or the sum of `values` (N,) there."""

    def count(part: np.ndarray) -> np.ndarray:
        places = codes[part].astype(np.int64) + size * np.arange(len(part))[:, None]
        summed = None if values is None else values[part].ravel()
        counts = np.bincount(places.ravel(), summed, minlength=size * len(part))
        return np.asarray(counts.reshape(len(part), size))

    return in_chunks(count, draws, cost=2)


def sum_of(columns: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """(B, C): sums of the rows of `columns` (N, C) on each draw."""
    everyone = np.arange(len(columns))
    # How often each example was drawn, times the columns: one matrix product instead of B gathers.
    return in_chunks(lambda part: count_of(everyone, len(columns), part).astype(float) @ columns, draws, cost=3)


def f1(hits: np.ndarray, true: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """2 hits / (true + predicted), elementwise; NaN where a label neither occurs nor is predicted."""
    both = true + predicted
    return np.where(both > 0, 2 * hits / np.maximum(both, 1), np.nan)


def mean_known(values: np.ndarray) -> np.ndarray:
    """Means (B,) over the last axis of (B, C), NaNs left out; NaN where nothing is left."""
    known = ~np.isnan(values)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return np.where(known.any(axis=-1), total / np.maximum(known.sum(axis=-1), 1), np.nan)
