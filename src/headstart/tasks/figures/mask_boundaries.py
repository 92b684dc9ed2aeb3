"""Boundaries of masks: how much of what is drawn lies within a few pixels of what is true, and vice versa."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from headstart.core.masks import IGNORED
from headstart.tasks._resampling import sum_of

TOLERANCE = 0.0075
"""Share of the diagonal that a boundary may be off (Csurka et al. 2013, "What is a good evaluation measure for
semantic segmentation?")."""


def boundary_scores(predicted: Tensor, truth: Tensor, size: int) -> np.ndarray:
    """(N, 2): per image the sum of the boundary F1 of its classes, and how many are there or said.

    Of a class, precision is the share of its predicted boundary within the tolerance of a true one, in each direction
    along both axes; recall the other way round. Masks are (N, H, W) uint8 each, of classes below `size`.
    """
    pairs = zip(predicted.cpu().numpy(), truth.cpu().numpy(), strict=True)
    return np.array([_boundaries(said, true, size) for said, true in pairs])


def boundary_f1(scores: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """(B,): the mean boundary F1 over the classes of all images drawn."""
    summed = sum_of(scores, draws)
    return np.asarray(summed[:, 0] / np.maximum(summed[:, 1], 1))


def tolerance(height: int, width: int) -> int:
    """Pixels that a boundary may be off."""
    return max(1, round(TOLERANCE * float(np.hypot(height, width))))


def _boundaries(said: np.ndarray, true: np.ndarray, size: int) -> tuple[float, float]:
    known, by = true != IGNORED, tolerance(*true.shape)
    drawn, asked = (np.where(known, mask, IGNORED).astype(np.uint8) for mask in (said, true))
    there = (_counts(drawn, size) + _counts(asked, size)) > 0
    edges = _edges(drawn), _edges(asked)
    lengths = np.stack([_counts(edge, size) for edge in edges])
    hits = np.stack([_near(edges[0], edges[1], by, size), _near(edges[1], edges[0], by, size)])
    precision, recall = hits / np.maximum(lengths, 1)
    score = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    none = lengths.sum(axis=0) == 0  # it fills the picture in both, so that there is no boundary to miss
    return float(np.where(none, 1.0, score)[there].sum()), float(there.sum())


def _counts(classes: np.ndarray, size: int) -> np.ndarray:
    """(C,): places of each class; ignored ones do not count."""
    return np.bincount(classes.ravel(), minlength=IGNORED + 1)[:size]


def _edges(classes: np.ndarray) -> np.ndarray:
    """(H, W) the class of places that have a direct neighbour of another, ignored elsewhere; the rim is no edge.

    A place has one class, so one map holds the boundaries of all of them.
    """
    other = np.zeros(classes.shape, bool)
    down, right = classes[1:] != classes[:-1], classes[:, 1:] != classes[:, :-1]
    other[1:] |= down
    other[:-1] |= down
    other[:, 1:] |= right
    other[:, :-1] |= right
    return np.where(other, classes, IGNORED).astype(np.uint8)


def _near(edges: np.ndarray, others: np.ndarray, by: int, size: int) -> np.ndarray:
    """(C,): places of `edges` (H, W) that have one of the same class among `others`, at most `by` off on each axis.

    Only places of an edge are looked at, a few in a hundred, and all classes at once.
    """
    rows, columns = np.nonzero(edges != IGNORED)
    around = np.pad(others, by, constant_values=IGNORED)
    own, found = edges[rows, columns], np.zeros(len(rows), bool)
    for down in range(2 * by + 1):
        for right in range(2 * by + 1):
            found |= around[rows + down, columns + right] == own
    return np.bincount(own[found], minlength=size)[:size]
