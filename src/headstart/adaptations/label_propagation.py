"""Label propagation: new inputs that are alike get the same answer."""

from __future__ import annotations

import numpy as np

from headstart.adaptations._learning import Learning
from headstart.adaptations._moments import unit

NEIGHBOURS = 10
SPREAD = 0.9
"""α: how much of an answer comes from the neighbours."""

ROUNDS = 30
SHARPNESS = 3
"""The cosine is taken to this power: the nearest neighbours count most (Iscen et al. 2019, arXiv:1904.04717)."""


class LabelPropagation(Learning):
    """Zhou et al. 2004, "Learning with local and global consistency", on the graph of the nearest new inputs:

        F ← α S F + (1 - α) Y,   S = D^(-1/2) W D^(-1/2),   W_ij = max(cos(x_i, x_j), 0)³ among the ten nearest

    from Y, the answers of the head after standardising.
    """

    summary = "standardises, and lets new inputs that are alike agree on their answers"

    def improved(
        self, source: np.ndarray, truth: np.ndarray, target: np.ndarray, answers: np.ndarray, shares: np.ndarray
    ) -> np.ndarray:
        graph = neighbours(target)
        spread = answers
        for _ in range(ROUNDS):
            spread = SPREAD * (graph @ spread) + (1 - SPREAD) * answers
        return spread / spread.sum(axis=1, keepdims=True)


def neighbours(features: np.ndarray) -> np.ndarray:
    """(N, N) the normalised graph S of (N, D) features."""
    directions = unit(features)
    likeness = directions @ directions.T
    np.fill_diagonal(likeness, -1.0)
    count = min(NEIGHBOURS, len(likeness) - 1)
    near = np.argpartition(-likeness, count - 1, axis=1)[:, :count]
    graph = np.zeros_like(likeness)
    np.put_along_axis(graph, near, np.maximum(np.take_along_axis(likeness, near, axis=1), 0) ** SHARPNESS, axis=1)
    graph = np.maximum(graph, graph.T)
    degree = np.sqrt(np.maximum(graph.sum(axis=1), 1e-12))
    return np.asarray(graph / degree[:, None] / degree)
