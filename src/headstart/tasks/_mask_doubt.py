"""Whether a mask is less sure where it is wrong: the AUROC of doubt against mistakes, from counts of pixels."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from headstart.core.masks import IGNORED
from headstart.tasks._resampling import in_chunks, sum_of

DOUBT = "doubt_auroc"
"""The chance that of a wrong and a right pixel the wrong one is less sure; 0.5 where doubt tells nothing."""

LEVELS = 256


def sureness_counts(outputs: Tensor, encoded: Tensor) -> np.ndarray:
    """(N, 512): right pixels by how sure they are, then wrong ones, of kept `outputs` (N, 2, H, W)."""
    counts = np.zeros((len(encoded), 2 * LEVELS))
    for row, ((said, sure), true) in enumerate(zip(outputs, encoded, strict=True)):
        known = true != IGNORED
        cells = sure[known].long() + LEVELS * (said[known] != true[known]).long()
        counts[row] = torch.bincount(cells, minlength=2 * LEVELS).numpy()
    return counts


def doubt_auroc(counts: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """(B,) on resamples of images; NaN where no pixel is wrong, or none is right.

    Σ over levels of wrong there · (right above + half of those right there), by all pairs.
    """

    def of_part(part: np.ndarray) -> np.ndarray:
        right, wrong = np.split(sum_of(counts, part), 2, axis=1)
        above = right[:, ::-1].cumsum(axis=1)[:, ::-1] - right / 2
        pairs = right.sum(axis=1) * wrong.sum(axis=1)
        return np.where(pairs > 0, (wrong * above).sum(axis=1) / np.maximum(pairs, 1), np.nan)

    return in_chunks(of_part, draws, cost=3)
