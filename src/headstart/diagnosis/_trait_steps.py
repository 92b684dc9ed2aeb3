"""A penalised linear classifier on steps of a few numbers: any function of each, and which two are high at once."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

STEPS = 16
"""Each number rises through so many steps that hold equal shares of the examples."""

_PENALTY = 0.03
_MOST_TURNS, _FEWEST_TURNS, _PRODUCTS = 30, 4, 2 * 10**9
"""Turns of the descent, and multiplications of one product with the examples in all of them."""


def steps_of(values: np.ndarray) -> np.ndarray:
    """Numbers (N, T) as inputs (N, S) of nought and one: has a number passed this step, are two of them high?

    Neighbouring steps share what lies beyond both, so a penalty on their weights keeps the function smooth.
    """
    fine = [passed(column, STEPS) for column in values.T]
    high = [passed(column, 2) for column in values.T]  # in the upper half
    return np.concatenate([*fine, *(a * b for a, b in itertools.combinations(high, 2))], axis=1)


def passed(column: np.ndarray, steps: int) -> np.ndarray:
    """(N, at most steps - 1), 1 where a number of the `column` (N,) is at or beyond the quantile."""
    shares = np.linspace(0, 1, steps + 1)[1:-1]
    edges = np.unique(np.quantile(column, shares, method="closest_observation"))
    return (column[:, None] >= edges).astype(np.float32)


def probabilities(
    inputs: np.ndarray, numbers: np.ndarray, seen: np.ndarray, unseen: np.ndarray, classes: int
) -> np.ndarray:
    """(M, C) for the `unseen` rows of `inputs` (N, S), by a classifier of the `seen` ones; all classes weigh alike.

    Minimises the mean cross-entropy + λ/2 ‖W‖². Newton's steps with an upper bound in the place of the Hessian,
    ½ Xᵀ diag(w) X for each class (Böhning 1992, "Multinomial logistic regression algorithm"), which is inverted once,
    with momentum (Nesterov 1983).

    Parameters
    ----------
    numbers : (N,) from 0 to C - 1, the classes.
    """
    x, share = _with_one(inputs[seen]), _balanced(numbers[seen], classes)
    truth = np.eye(classes, dtype=np.float32)[numbers[seen]]
    penalty = np.full((x.shape[1], 1), _PENALTY, dtype=np.float32)
    penalty[-1] = 1e-6  # the bias is as good as free
    bound = 0.5 * (x.T * share) @ x + np.diag(penalty[:, 0])
    inverse = np.linalg.inv(bound.astype(np.float64)).astype(np.float32)
    weight = ahead = np.zeros((x.shape[1], classes), dtype=np.float32)
    speed = 1.0
    for _ in range(int(np.clip(_PRODUCTS / (x.size * classes), _FEWEST_TURNS, _MOST_TURNS))):
        slope = x.T @ ((_softmax(x @ ahead) - truth) * share[:, None]) + penalty * ahead
        last, weight = weight, ahead - inverse @ slope
        before, speed = speed, (1 + (1 + 4 * speed**2) ** 0.5) / 2
        ahead = weight + (before - 1) / speed * (weight - last)
    return _softmax(_with_one(inputs[unseen]) @ weight)


def told_by_one(column: np.ndarray, numbers: np.ndarray, folds: Sequence[np.ndarray], classes: int) -> np.ndarray:
    """The likeliest class (N,) by one number alone: the commonest, all weighing alike, between two of its steps.

    Each is told from the examples outside its fold; `folds` are rows.
    """
    place = passed(column, STEPS // 2).sum(axis=1).astype(np.int64)
    told = np.zeros(len(column), dtype=np.int64)
    for unseen in folds:
        counts = np.zeros((STEPS // 2, classes))
        seen = np.setdiff1d(np.arange(len(column)), unseen)
        np.add.at(counts, (place[seen], numbers[seen]), 1.0)
        told[unseen] = (counts / np.maximum(counts.sum(axis=0), 1)).argmax(axis=1)[place[unseen]]
    return told


def _balanced(numbers: np.ndarray, classes: int) -> np.ndarray:
    """Weights (N,) that sum to one, and to the same for every class."""
    share = 1 / np.bincount(numbers, minlength=classes)[numbers]
    return (share / share.sum()).astype(np.float32)


def _with_one(inputs: np.ndarray) -> np.ndarray:
    return np.concatenate([inputs, np.ones((len(inputs), 1), dtype=np.float32)], axis=1)


def _softmax(outputs: np.ndarray) -> np.ndarray:
    raised = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
