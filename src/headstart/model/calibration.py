"""Outputs that have been calibrated on held-out examples, and how well calibration holds."""

from __future__ import annotations

import numpy as np


def reliability(confidence: np.ndarray, correct: np.ndarray, bins: int = 10) -> list[tuple[float, float, int]]:
    """Points of a reliability diagram (Guo et al. 2017, arXiv:1706.04599).

    Parameters
    ----------
    confidence : (N,) probability of the predicted label.
    correct : (N,) whether the prediction was right.

    Returns
    -------
    (mean confidence, share correct, count) for every non-empty bin of equal width.
    """
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        (float(confidence[which == b].mean()), float(correct[which == b].mean()), int((which == b).sum()))
        for b in range(bins)
        if (which == b).any()
    ]
