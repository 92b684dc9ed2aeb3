"""The figures of classification, each ready to be recomputed on resamples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headstart.core.results import Figure
from headstart.core.statistics import wilson
from headstart.tasks._resampling import Measure, count_of, f1, mean_known, mean_of

BINS = 15

# Each figure takes log-probabilities (N, C) and true classes (N,), and returns a function from
# draws (B, N) to its values (B,).


def accuracy(log_p: np.ndarray, truth: np.ndarray) -> Measure:
    """The share of examples whose class was predicted."""
    right = (log_p.argmax(axis=1) == truth).astype(float)
    return lambda draws: mean_of(right, draws)


def balanced_accuracy(log_p: np.ndarray, truth: np.ndarray) -> Measure:
    """The mean of the recalls of the classes that occur."""
    size = log_p.shape[1]
    right = (log_p.argmax(axis=1) == truth).astype(float)

    def measure(draws: np.ndarray) -> np.ndarray:
        true, hits = count_of(truth, size, draws), count_of(truth, size, draws, right)
        return mean_known(np.where(true > 0, hits / np.maximum(true, 1), np.nan))

    return measure


def macro_f1(log_p: np.ndarray, truth: np.ndarray) -> Measure:
    """The mean F1 of the classes that occur or are predicted (as scikit-learn's ``f1_score`` takes it)."""
    size, predicted = log_p.shape[1], log_p.argmax(axis=1)
    right = (predicted == truth).astype(float)

    def measure(draws: np.ndarray) -> np.ndarray:
        hits = count_of(truth, size, draws, right)
        return mean_known(f1(hits, count_of(truth, size, draws), count_of(predicted, size, draws)))

    return measure


def log_loss(log_p: np.ndarray, truth: np.ndarray) -> Measure:
    """The mean of -log of the probability given to the true class."""
    losses = -log_p[np.arange(len(truth)), truth]
    return lambda draws: mean_of(losses, draws)


def calibration_error(log_p: np.ndarray, truth: np.ndarray) -> Measure:
    """Expected calibration error: Σ over 15 bins of sureness of |Σ (sure - right)| / N.

    Guo et al. (2017), "On calibration of modern neural networks"; bins of equal width, (lower, upper].
    """
    sure = np.exp(log_p.max(axis=1))
    surplus = sure - (log_p.argmax(axis=1) == truth)
    bins = np.clip(np.ceil(sure * BINS).astype(int) - 1, 0, BINS - 1)
    return lambda draws: np.abs(count_of(bins, BINS, draws, surplus)).sum(axis=1) / draws.shape[1]


def rows(names: Sequence[str], hits: np.ndarray, true: np.ndarray, predicted: np.ndarray) -> list[dict[str, Any]]:
    """Per label: examples, precision, recall and F1 with their intervals, from (C,) counts; None where undefined."""
    return [
        {
            "label": name,
            "examples": int(true[c]),
            "precision": _share(hits[c], predicted[c]),
            "recall": _share(hits[c], true[c]),
            "f1": _f1(hits[c], true[c] + predicted[c] - hits[c]),
        }
        for c, name in enumerate(names)
    ]


def _share(hits: int, of: int) -> Figure | None:
    """With Wilson's interval."""
    return wilson(int(hits), int(of)) if of else None


def _f1(hits: int, either: int) -> Figure | None:
    """2 J / (1 + J), where J is the share of right ones among all that have the label or get it: so do J's ends."""
    share = _share(hits, either)
    return None if share is None else Figure(*(2 * end / (1 + end) for end in share))
