"""Subspace alignment: the main directions of the source are turned onto those of the new inputs."""

from __future__ import annotations

import numpy as np

from headstart.adaptations._moments import Moments
from headstart.adaptations._moved import Moving
from headstart.core.standardising import spread

DIRECTIONS = 100
"""At most so many; fewer where there are fewer examples."""


class Subspace(Moving):
    """Fernando et al. 2013, "Unsupervised visual domain adaptation using subspace alignment":

        M = X_sᵀ X_t,   source coordinates x X_s M against new coordinates x X_t,

    X the first principal directions (D, d) of each domain. Both are standardised first. Here the source is written
    back as features of the new domain, x' = μ_t + σ_t · (x X_s M X_tᵀ), so that a head on them reads new inputs as
    they are; what lies off the subspace is left out, as there.
    """

    summary = "turns the main directions of the source features onto those of the new ones"

    def move(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        here, there = Moments.of(source), Moments.of(target)
        own, other = standard(source, here), standard(target, there)
        count = min(DIRECTIONS, len(source) - 1, len(target) - 1, source.shape[1])
        first, second = directions(own, count), directions(other, count)
        return there.mean + there.deviation * (own @ first @ (first.T @ second) @ second.T)


def standard(features: np.ndarray, moments: Moments) -> np.ndarray:
    """Mean 0 and deviation 1; a feature that hardly varies becomes 0."""
    return np.asarray((features - moments.mean) / spread(moments.mean, moments.deviation))


def directions(centred: np.ndarray, count: int) -> np.ndarray:
    """The first `count` principal directions, (D, count)."""
    from scipy.sparse.linalg import svds

    if count >= min(centred.shape):
        return np.linalg.svd(centred, full_matrices=False)[2][:count].T
    # Not all ones: of centred features those are no direction at all.
    start = np.random.default_rng(0).normal(size=min(centred.shape))
    return np.asarray(svds(centred, k=count, v0=start)[2].T)
