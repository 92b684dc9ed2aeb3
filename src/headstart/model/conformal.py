"""Sets of labels that hold the truth as often as a person asks: split-conformal prediction.

Angelopoulos & Bates 2023, "A gentle introduction to conformal prediction", arXiv:2107.07511. The score of a held-out
example is 1 - p of its true label (LAC; Sadinle et al. 2019, arXiv:1609.00451), whose sets are the smallest on
average of all that hold the truth as often. Nothing is random: equal probabilities always give equal sets.
"""

from __future__ import annotations

import math

import numpy as np


def scores(probabilities: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(N,) how unlikely the truth seemed: 1 - p of the true label.

    Parameters
    ----------
    probabilities : (N, C) calibrated, of held-out examples.
    truth : (N,) the place of each true label; or (N, C) ones at all true labels, of which the least likely counts
        (0 where there are none), so that a set holds them all.
    """
    if truth.ndim == 1:
        return 1 - probabilities[np.arange(len(truth)), truth]
    return np.where(truth > 0.5, 1 - probabilities, 0.0).max(axis=1)


def bar(held_out_scores: np.ndarray, coverage: float) -> float:
    """The score that a label may have and still be in the set: the ⌈(n + 1) coverage⌉-th smallest of n.

    Then P(truth in set) ≥ coverage for a new example that comes from where the held-out ones came from. Where n is
    too small for that to be a score at all, the bar is infinite and every label is in the set.
    """
    count = len(held_out_scores)
    # The small amount keeps 0.9 · 10 = 9.000000000000002 from being rounded up to 10.
    place = math.ceil((count + 1) * coverage - 1e-9)
    return float(np.sort(held_out_scores)[place - 1]) if place <= count else math.inf


def sets(probabilities: np.ndarray, highest: float) -> np.ndarray:
    """(N, C) which labels are in each set: those whose score 1 - p is at most `highest`.

    A set is empty where no label is as likely as the bar asks, which happens when the model is right more often than
    the coverage asked for: those are its least sure answers.
    """
    return 1 - probabilities <= highest
