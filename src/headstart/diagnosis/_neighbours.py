"""The nearest others of every example: exact cosine similarities, a block of rows at a time."""

from __future__ import annotations

import numpy as np

_BLOCK_BYTES = 64 * 2**20


def nearest(queries: np.ndarray, among: np.ndarray, count: int, same: bool) -> tuple[np.ndarray, np.ndarray]:
    """The `count` rows of `among` (M, D) most like each of `queries` (N, D), the most alike first.

    `same` says that row i of both is the same example, which is then not its own neighbour.

    Returns
    -------
    (N, k) int64 places and (N, k) float32 cosines, k = min(count, others there are); rows of zeros are like nothing.
    """
    a, b = directions(queries), directions(among)
    k = min(count, len(b) - same)
    if len(a) == 0 or k < 1:
        return np.zeros((len(a), 0), np.int64), np.zeros((len(a), 0), np.float32)
    places, alike = np.empty((len(a), k), np.int64), np.empty((len(a), k), np.float32)
    rows = max(1, _BLOCK_BYTES // (4 * len(b)))
    for start in range(0, len(a), rows):
        cosines = a[start : start + rows] @ b.T
        if same:
            own = np.arange(len(cosines))
            cosines[own, start + own] = -np.inf
        found = np.argpartition(-cosines, k - 1, axis=1)[:, :k]
        values = np.take_along_axis(cosines, found, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")
        places[start : start + rows] = np.take_along_axis(found, order, axis=1)
        alike[start : start + rows] = np.take_along_axis(values, order, axis=1)
    return places, alike


def directions(features: np.ndarray) -> np.ndarray:
    """Rows of length 1, float32; what is no number counts as 0, and a row of zeros stays one."""
    known = np.nan_to_num(np.asarray(features, dtype=np.float32))
    return known / np.maximum(np.linalg.norm(known, axis=1, keepdims=True), 1e-12)
