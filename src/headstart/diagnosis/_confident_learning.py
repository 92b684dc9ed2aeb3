"""Confident learning: which given labels contradict probabilities that did not see them, and how many are wrong."""

from __future__ import annotations

import numpy as np

from headstart.core.results import Figure
from headstart.core.statistics import wilson

SURE = 0.25
"""The share of the examples, the surest, from which the share of wrong labels is taken."""


def suspects(probabilities: np.ndarray, given: np.ndarray, most: float) -> np.ndarray:
    """Places of the examples whose label may be wrong, the likeliest first.

    Parameters
    ----------
    probabilities : (N, C), of heads that did not see the example. given : (N,) class places.
    most : share of the examples; so many of the least self-confident come too, as far as another class is likelier.
    """
    own = probabilities[np.arange(len(given)), given]
    doubted = np.argsort(own, kind="stable")
    listed = confident_class(probabilities, given)
    off_diagonal = (listed >= 0) & (listed != given)
    off_diagonal[doubted[: int(np.ceil(most * len(given)))]] = True
    off_diagonal &= probabilities.max(axis=1) > own
    return doubted[off_diagonal[doubted]]


def confident_class(probabilities: np.ndarray, given: np.ndarray) -> np.ndarray:
    """(N,) the class that each example is counted under in the confident joint, -1 where there is none.

    The likeliest of the classes k with p_k >= t_k; t_k, the threshold, is the mean p_k of the examples labelled k.
    """
    labelled = np.eye(probabilities.shape[1])[given]
    count = labelled.sum(axis=0)
    thresholds = np.where(count > 0, (labelled * probabilities).sum(axis=0) / np.maximum(count, 1), np.inf)
    above = probabilities >= thresholds
    return np.where(above.any(axis=1), np.where(above, probabilities, -1.0).argmax(axis=1), -1)


def share_wrong(probabilities: np.ndarray, given: np.ndarray) -> Figure:
    """The share of wrong labels with an interval, from the surest quarter of the examples.

    There a calibrated head hardly errs, so that what it contradicts is the label's fault: low end and middle are
    those of the share contradicted (Wilson 95 %) less the doubt that the head itself states, the mean of 1 - max p.
    That doubt stems partly from the wrong labels it learnt from; the high end takes none off.
    """
    sureness = probabilities.max(axis=1)
    surest = np.argsort(-sureness, kind="stable")[: max(1, int(np.ceil(SURE * len(given))))]
    contradicted = int((probabilities[surest].argmax(axis=1) != given[surest]).sum())
    raw, doubt = wilson(contradicted, len(surest)), float(1 - sureness[surest].mean())
    return Figure(max(raw.value - doubt, 0.0), max(raw.low - doubt, 0.0), raw.high)
