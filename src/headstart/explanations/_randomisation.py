"""The randomisation test: a map that a network without its learning would draw too explains nothing it learnt."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from headstart.core.results import Figure
from headstart.core.statistics import Z_95, ranks
from headstart.explanations._asked import Asked, Check
from headstart.explanations._unlearnt import Unlearnt

NETWORKS = 5
SURVIVES = 0.5
"""A mean rank correlation from which a map is taken to have survived. Smooth maps of unrelated networks correlate by
0.2 to 0.3 in either direction by chance, and the mean of five stays well below one half."""

_FEWEST_PARTS = 5


def randomisation(asked: Asked, given: Tensor, draw: Callable[[Asked], Tensor], seed: int = 0) -> Check:
    """Adebayo et al. 2018, "Sanity checks for saliency maps" (arXiv:1810.03292), all layers at once.

    Spearman's rank correlation, over the parts, of the map with those of networks whose weights are random.
    """
    if asked.parts is None or asked.parts.count < _FEWEST_PARTS:
        few = "The input has too few parts to compare two maps of it."
        return Check("randomisation", Figure(math.nan, math.nan, math.nan), None, few, decides=True)
    real, unlearnt = asked.parts.scores(given), asked.unlearnt or Unlearnt(asked.network)
    found = [
        rank_correlation(real, asked.parts.scores(draw(asked.of(unlearnt.network(asked.batch, seed + k)))))
        for k in range(NETWORKS)
    ]
    mean, half = float(np.mean(found)), Z_95 * float(np.std(found, ddof=1)) / math.sqrt(NETWORKS)
    passed = mean < SURVIVES
    verdict = "it shows what was learnt" if passed else "it survives without the learning and is not to be trusted"
    summary = (
        f"With shuffled weights the map's rank correlation with this one is {mean:.2f} "
        f"({NETWORKS} networks; it survives from {SURVIVES:.1f}): {verdict}."
    )
    return Check("randomisation", Figure(mean, max(-1.0, mean - half), min(1.0, mean + half)), passed, summary, True)


def rank_correlation(a: Tensor, b: Tensor) -> float:
    """Spearman's correlation of two maps (U,); 0 where one of them is flat, since a flat map resembles nothing."""
    a, b = a.detach().cpu().double(), b.detach().cpu().double()
    if not (torch.isfinite(b).all() and a.max() > a.min() and b.max() > b.min()):
        return 0.0
    return float(np.corrcoef(ranks(a.numpy()), ranks(b.numpy()))[0, 1])
