"""Standardising: each feature gets the mean and the spread that it has in the new domain."""

from __future__ import annotations

import numpy as np

from headstart.adaptations._moments import Moments, scale
from headstart.adaptations._moved import Moving


class Standardise(Moving):
    """x' = μ_t + (x - μ_s) σ_t / σ_s, feature by feature; the same as standardising each domain by itself.

    What adaptive batch normalisation (Li et al. 2016, arXiv:1603.04779) does to the last features.
    """

    summary = "gives each feature the mean and the spread that it has among the new inputs"
    trusted = True

    def move(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        here, there = Moments.of(source), Moments.of(target)
        return (source - here.mean) * scale(here, there) + there.mean
