"""Self-training: a classifier learns from the source examples and from its own, evened answers for the new inputs."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from headstart.adaptations._answers import evened
from headstart.adaptations._learning import Learning

ROUNDS = 20
PENALTY = 1.0
"""Of the least-squares classifier, in units of an example's squared length."""

SHARPNESS = 10.0
"""The inverse temperature that turns least-squares answers, 0 to 1, into probabilities."""


class SelfTraining(Learning):
    """Pseudo-labels (Lee 2013) that are made even in every round (Asano et al. 2020, arXiv:1911.05371):

        W ← argmin Σ_s ‖W x - y‖² + Σ_t ‖W x - q‖² + λ ‖W‖²,   q ← evened(softmax(β W x))

    By least squares, whose answers are linear in the labels: one factor serves all rounds.
    """

    summary = "standardises, and learns from its own answers, each class given as often as in the source"
    trusted = True

    def improved(
        self, source: np.ndarray, truth: np.ndarray, target: np.ndarray, answers: np.ndarray, shares: np.ndarray
    ) -> np.ndarray:
        both = np.concatenate([source, target]) / np.sqrt(source.shape[1])
        factor = _solver(both)
        for _ in range(ROUNDS):
            wanted = np.concatenate([truth, answers])
            centre = wanted.mean(axis=0)
            said = both[len(source) :] @ (factor @ (wanted - centre)) + centre
            answers = evened(softmax(SHARPNESS * said, axis=1), shares)
        return answers


def _solver(features: np.ndarray) -> np.ndarray:
    """(D, N), the matrix that gives the penalised least-squares weights from what is wanted: (XᵀX + λ)⁻¹ Xᵀ."""
    count, width = features.shape
    if count < width:
        inner = features @ features.T + PENALTY * np.eye(count)
        return np.asarray(np.linalg.solve(inner, features).T)
    return np.asarray(np.linalg.solve(features.T @ features + PENALTY * np.eye(width), features.T))
