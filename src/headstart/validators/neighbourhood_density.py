"""Soft neighbourhood density: answers lie in dense crowds."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax, xlogy

from headstart.validators._places import some
from headstart.validators.base import Seen, Validator

TEMPERATURE = 0.05
MOST = 2000
"""At most so many new inputs are compared with each other."""


class NeighbourhoodDensity(Validator):
    """Saito et al. 2021, "Tune it the right way: unsupervised validation of domain adaptation via soft neighborhood
    density", arXiv:2108.10860:

        P_ij = softmax_j≠i (s_ij / τ),   s_ij the cosine of p_i and p_j,   SND = mean_i H(P_i),   τ = 0.05.

    It prefers many neighbours that answer alike, so one answer for all has the highest figure of all, log (N - 1):
    it must never decide alone.
    """

    summary = "answers that lie in dense crowds"

    def validate(self, seen: Seen) -> float:
        places = some(len(seen.probable), MOST)
        directions = seen.probable[places]
        directions = directions / np.linalg.norm(directions, axis=1, keepdims=True)
        likeness = directions @ directions.T / TEMPERATURE
        np.fill_diagonal(likeness, -np.inf)
        share = softmax(likeness, axis=1)
        return float(-xlogy(share, share).sum(axis=1).mean())
