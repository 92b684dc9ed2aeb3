"""Which unlabelled examples to label next: those the model is unsure of, and that differ from each other."""

from __future__ import annotations

import numpy as np

BLOCK = 2**24
"""Distances computed at a time."""

PREDICTED = " (predicted)"
"""How the target of an example ends whose label a model gave, and nobody else."""

COPY = 5e-4
"""Squared distance of directions below which two inputs are the same. Features in half precision differ by 1e-7, and
290 photos by a ResNet18 in bfloat16 by 2e-4 at most; the nearest two of different content are 1.6e-3 apart among
3,000 questions to a bank, and 9e-3 among radiographs and news."""


def rank_to_label(
    features_labelled: np.ndarray, features_unlabelled: np.ndarray, probabilities: np.ndarray, count: int
) -> np.ndarray:
    """The places (count,) of the unlabelled examples to label, the most useful first.

    Greedy: the next one has the greatest u² · d², u the uncertainty 1 - (p₁ - p₂) (margin of the two likeliest
    classes) and d² the squared distance to the nearest example that is labelled or was chosen before. This is the
    k-means++ rule that BADGE (Ash et al. 2020, arXiv:1906.03671) draws by, on features scaled by uncertainty in the
    place of gradients, whose length is uncertainty times that of the features; the greatest is taken in the place
    of a draw, so that the same list comes out each time.

    Parameters
    ----------
    features_labelled : (L, D), L may be 0. features_unlabelled : (U, D). probabilities : (U, C) of the unlabelled.
    count : how many to choose; all U when there are no more.

    Raises
    ------
    ValueError : shapes that do not fit.
    """
    pool = np.asarray(features_unlabelled, np.float32)
    known = np.asarray(features_labelled, np.float32).reshape(-1, pool.shape[1] if pool.ndim == 2 else 0)
    given = np.asarray(probabilities, float)
    if pool.ndim != 2 or given.ndim != 2 or len(given) != len(pool) or given.shape[1] < 2:
        raise ValueError(f"features (U, D) and probabilities (U, C >= 2) are needed; got {pool.shape}, {given.shape}")
    pool = _unit(pool)
    unsure = uncertainty(given) ** 2
    distance = _to_nearest(pool, _unit(known))
    chosen: list[int] = []
    left = np.ones(len(pool), dtype=bool)
    for _ in range(min(count, len(pool))):
        # Copies of what is known are at no distance; among them the less sure come first.
        score = np.where(left, unsure * (distance + 1e-12), -1.0)
        place = int(score.argmax())
        chosen.append(place)
        left[place] = False
        distance = np.minimum(distance, _squared(pool, pool[place : place + 1])[:, 0])
    return np.array(chosen, dtype=np.int64)


def copies_of(known: np.ndarray, features: np.ndarray) -> np.ndarray:
    """(N,) whether each row of `features` (N, D) has an equal among the rows of `known` (L, D), L may be 0."""
    return _to_nearest(_unit(np.asarray(features, np.float32)), _unit(np.asarray(known, np.float32))) < COPY


def uncertainty(probabilities: np.ndarray) -> np.ndarray:
    """(N,) in [0, 1]: one minus the margin between the two likeliest classes of (N, C)."""
    likeliest = np.partition(np.asarray(probabilities, float), -2, axis=1)[:, -2:]
    return np.clip(1 - (likeliest[:, 1] - likeliest[:, 0]), 0.0, 1.0)


def _unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1, so that no example is far from all others merely because its features are large."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))


def _to_nearest(pool: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(U,) squared distances to the nearest row of `known` (L, D); 4, the greatest there is, where L = 0."""
    nearest = np.full(len(pool), 4.0)
    step = max(1, BLOCK // max(len(pool), 1))
    for start in range(0, len(known), step):
        nearest = np.minimum(nearest, _squared(pool, known[start : start + step]).min(axis=1))
    return nearest


def _squared(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Squared distances (U, L) between rows of length 1."""
    return np.maximum(2 - 2 * (rows @ others.T), 0.0)
