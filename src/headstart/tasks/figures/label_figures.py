"""The figures of several labels per example, each ready to be recomputed on resamples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from headstart.tasks._resampling import Measure, f1, mean_known, mean_of, sum_of

# Each figure takes outputs (N, C) and multi-hot truth (N, C), and returns a function from draws (B, N) to
# its values (B,). A label is predicted where its output is positive, its probability above one half.


def macro_f1(outputs: np.ndarray, truth: np.ndarray) -> Measure:
    """The mean F1 of the labels that occur or are predicted."""

    def measure(draws: np.ndarray) -> np.ndarray:
        return mean_known(f1(*_counts(outputs, truth, draws)))

    return measure


def micro_f1(outputs: np.ndarray, truth: np.ndarray) -> Measure:
    """The F1 of all decisions about all labels together."""

    def measure(draws: np.ndarray) -> np.ndarray:
        hits, true, predicted = _counts(outputs, truth, draws)
        return f1(hits.sum(axis=1), true.sum(axis=1), predicted.sum(axis=1))

    return measure


def subset_accuracy(outputs: np.ndarray, truth: np.ndarray) -> Measure:
    """The share of examples with every label right."""
    exact = ((outputs > 0) == (truth > 0)).all(axis=1).astype(float)
    return lambda draws: mean_of(exact, draws)


def hamming_loss(outputs: np.ndarray, truth: np.ndarray) -> Measure:
    """The share of wrong decisions among all examples and labels."""
    wrong = ((outputs > 0) != (truth > 0)).mean(axis=1)
    return lambda draws: mean_of(wrong, draws)


def log_loss(outputs: np.ndarray, truth: np.ndarray) -> Measure:
    """The mean binary cross-entropy over examples and labels."""
    losses = (np.logaddexp(0, outputs) - outputs * truth).mean(axis=1)
    return lambda draws: mean_of(losses, draws)


def _counts(outputs: np.ndarray, truth: np.ndarray, draws: np.ndarray) -> tuple[np.ndarray, ...]:
    """Hits, true and predicted, each (B, C)."""
    predicted, true = outputs > 0, truth > 0
    sums = sum_of(np.concatenate([predicted & true, true, predicted], axis=1).astype(float), draws)
    return tuple(np.split(sums, 3, axis=1))


FIGURES: dict[str, Callable[[np.ndarray, np.ndarray], Measure]] = {
    "macro_f1": macro_f1,
    "micro_f1": micro_f1,
    "subset_accuracy": subset_accuracy,
    "hamming_loss": hamming_loss,
    "log_loss": log_loss,
}
