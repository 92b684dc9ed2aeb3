"""The nearest others of every example by cosine, a block of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_BLOCK_BYTES = 16 * 2**20
"""Cosines taken at a time: of more rows at once a product is faster, and of yet more hardly."""

_MANY, _WIDE = 5000, 512
"""So many examples, and features so wide, are compared by a projection first: all of them would take minutes."""

_GROUPED = 32
"""Scores of which the largest is taken first: the best are then looked for where it is large, and not among all."""

_MANY_GROUPS = 4
"""Times as many groups as others are asked for; with fewer hardly anything is gained by them."""

_PROJECTED = 128
_SHORTLIST = 5
"""Times as many others as are asked for stay after the first comparison, and are compared in full."""


def nearest(
    queries: np.ndarray, among: np.ndarray, count: int, same: bool, rows: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The `count` rows of `among` (M, D) most like each of `queries` (N, D), the most alike first.

    `same` says that row i of both is the same example, which is then not its own neighbour. Where there are many wide
    rows, one that is hardly more alike than others may be missed; the cosines are exact.

    Parameters
    ----------
    rows : (n,) the places of the queries that are asked about; None for all N.

    Returns
    -------
    (n, k) int64 places and (n, k) float32 cosines, k = min(count, others there are); rows of zeros are like nothing.
    """
    asked = np.arange(len(queries)) if rows is None else rows
    k = min(count, len(among) - same)
    if len(asked) == 0 or k < 1:
        return np.zeros((len(asked), 0), np.int64), np.zeros((len(asked), 0), np.float32)
    a = directions(queries)
    b = a if among is queries else directions(among)
    a, own = a if rows is None else a[rows], asked if same else None
    places, alike = np.empty((len(a), k), np.int64), np.empty((len(a), k), np.float32)
    many = len(b) >= _MANY and a.shape[1] >= _WIDE
    for some, found, cosines in _shortlisted(a, b, k, own) if many else _compared(a, b, k, own):
        order = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
        places[some] = np.take_along_axis(found, order, axis=1)
        alike[some] = np.take_along_axis(cosines, order, axis=1)
    return places, alike


def directions(features: np.ndarray) -> np.ndarray:
    """Rows of length 1, float32; what is no number counts as 0, and a row of zeros stays one."""
    known = np.nan_to_num(np.asarray(features, dtype=np.float32))
    known /= np.maximum(np.linalg.norm(known, axis=1, keepdims=True), 1e-12)
    return known


Best = tuple[slice, np.ndarray, np.ndarray]
"""Some rows, and for each of them places (n, k) and scores (n, k) of the best others, in any order."""


def _compared(
    a: np.ndarray, b: np.ndarray, k: int, own: np.ndarray | None, bias: np.ndarray | float = 0.0
) -> Iterator[Best]:
    """The best by the products of the rows of `a` (N, D) and `b` (M, D), plus `bias` (M,).

    `own` (N,) is where each of `a` itself lies in `b`, which does not count; None where it does not.
    """
    step = max(1, _BLOCK_BYTES // (4 * len(b)))
    for start in range(0, len(a), step):
        scores = a[start : start + step] @ b.T
        scores += bias
        if own is not None:
            scores[np.arange(len(scores)), own[start : start + step]] = -np.inf
        found = _largest(scores, k)
        yield slice(start, start + len(scores)), found, np.take_along_axis(scores, found, axis=1)


def _largest(scores: np.ndarray, k: int) -> np.ndarray:
    """(n, k) the columns of the k largest of each row of `scores` (n, M), in any order.

    They lie in the k groups of columns whose largest scores are the largest: each other group has k above its own.
    """
    count, groups = len(scores), scores.shape[1] // _GROUPED
    if groups < _MANY_GROUPS * k:
        return _last(scores, k)
    even = groups * _GROUPED  # columns groups apart are a group, so that whole rows of scores are compared at once
    best = _last(scores[:, :even].reshape(count, _GROUPED, groups).max(axis=1), k)
    within = (best[:, None] + groups * np.arange(_GROUPED)[:, None]).reshape(count, -1)
    over = np.broadcast_to(np.arange(even, scores.shape[1]), (count, scores.shape[1] - even))
    columns = np.concatenate([within, over], axis=1)
    return np.take_along_axis(columns, _last(np.take_along_axis(scores, columns, axis=1), k), axis=1)


def _last(scores: np.ndarray, k: int) -> np.ndarray:
    """As :func:`_largest`, by looking at all."""
    rest = scores.shape[1] - k
    return np.argpartition(scores, rest, axis=1)[:, rest:]


def _shortlisted(a: np.ndarray, b: np.ndarray, k: int, own: np.ndarray | None) -> Iterator[Best]:
    """The best by cosine of those that are best by a random projection (Johnson and Lindenstrauss 1984).

    Features share a large mean m, so what is projected is what lies beyond it: a · b is (a - m) · (b - m) + m · b and
    what is the same for every b.
    """
    mean = b.mean(axis=0)
    projection = np.random.default_rng(0).standard_normal((a.shape[1], _PROJECTED)).astype(np.float32)
    projection /= np.float32(np.sqrt(_PROJECTED))
    middle = mean @ projection
    near_a = a @ projection - middle
    near_b = near_a if b is a else b @ projection - middle
    count = min(len(b) - (own is not None), _SHORTLIST * k)
    for rows, found, _ in _compared(near_a, near_b, count, own, b @ mean):
        cosines = np.stack([b[others] @ row for others, row in zip(found, a[rows], strict=True)])
        yield rows, found, cosines
