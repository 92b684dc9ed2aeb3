"""How strange an input is to a model: its distance to the nearest training examples, in the model's own features.

Sun et al. 2022, "Out-of-distribution detection with deep nearest neighbors", arXiv:2204.06507: features of length 1,
and the distance to the k-th nearest. Here it is the mean distance to the three nearest, at the last depth of the
backbone and, with less weight, at one half-way up, which sees the style of an input where the last sees its content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NEIGHBOURS = 3
VOTERS = 10
"""Nearest training examples that are found."""

EARLIER = 0.5
"""Weight of each depth before the last, whose weight is 1."""

LOOKED_AT = 1000
"""So many training examples tell what distances are usual."""

LEVEL = 0.95
"""An input is unfamiliar when it is stranger than this share of the held-out examples."""


@dataclass(frozen=True)
class Familiar:
    """Training examples at one depth.

    Attributes
    ----------
    directions : (n, D) features of length 1.
    usual, spread : mean and deviation of a training example's mean distance to its nearest others.
    """

    directions: np.ndarray
    usual: float
    spread: float


def familiar(features: np.ndarray) -> Familiar:
    """What the (n, D) features of training examples, n ≥ 2, say about distances."""
    directions = to_directions(features)
    every = max(1, len(directions) // LOOKED_AT)
    places = np.arange(0, len(directions), every)
    distances = _distances(directions[places], directions)
    distances[np.arange(len(places)), places] = np.inf  # an example is no neighbour of itself
    mean = _nearest_mean(distances, min(NEIGHBOURS, len(directions) - 1))
    return Familiar(directions, float(mean.mean()), float(max(mean.std(), 1e-3)))


def strangeness(
    known: Sequence[Familiar], features: Sequence[np.ndarray], own: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """How strange N inputs are, (N,), and the places (N, ≤ 10) of the nearest training examples, the nearest first.

    s = z_last + ½ Σ z_earlier, z = (mean distance to the 3 nearest - usual) / spread: about 0 for a training example.

    Parameters
    ----------
    known, features : one a depth, the last depth last; features are (N, D) each.
    own : (N,) where each stands among the training examples, -1 where it does not; none is a neighbour of itself.
    """
    total, itself = np.zeros(len(features[-1])), np.flatnonzero([] if own is None else own >= 0)
    for depth, (familiars, given) in enumerate(zip(known, features, strict=True)):
        distances = _distances(to_directions(given), familiars.directions)
        if own is not None:
            distances[itself, own[itself]] = np.inf
        others = distances.shape[1] - bool(len(itself))
        mean = _nearest_mean(distances, min(NEIGHBOURS, others))
        weight = 1.0 if depth == len(known) - 1 else EARLIER
        total += weight * (mean - familiars.usual) / familiars.spread
    found = min(VOTERS, others)
    places = np.argpartition(distances, found - 1, axis=1)[:, :found]
    order = np.argsort(np.take_along_axis(distances, places, axis=1), axis=1)
    return total, np.take_along_axis(places, order, axis=1)


def threshold(held_out: np.ndarray, level: float = LEVEL) -> float:
    """The ⌈(n + 1) level⌉-th smallest of n held-out scores, their largest where n is too small for that.

    A new input from where the held-out ones came from exceeds it with a chance of 1 - level.
    """
    return float(np.sort(held_out)[rank_of_threshold(len(held_out), level) - 1])


def rank_of_threshold(count: int, level: float = LEVEL) -> int:
    """Which of `count` held-out scores, counted from the smallest as 1, is the threshold."""
    return min(int(np.ceil((count + 1) * level - 1e-9)), count)


def to_directions(features: np.ndarray) -> np.ndarray:
    """(N, D) scaled to length 1, in single precision; zeros stay zeros."""
    features = np.asarray(features, dtype=np.float32)
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)


def _distances(directions: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(N, n) Euclidean distances of features of length 1: √(2 - 2 cos)."""
    return np.sqrt(np.maximum(2 - 2 * (directions @ others.T), 0))


def _nearest_mean(distances: np.ndarray, count: int) -> np.ndarray:
    """(N,) mean of each row's `count` smallest."""
    return np.partition(distances, count - 1, axis=1)[:, :count].mean(axis=1)
