"""Answers for the new inputs, made even: each class given about as often as it was among the source examples."""

from __future__ import annotations

import numpy as np

ROUNDS = 100
FLOOR = 1e-9


def evened(probable: np.ndarray, shares: np.ndarray, rounds: int = ROUNDS) -> np.ndarray:
    """(N, C) `probable`, scaled by class so that the columns' means become `shares` (C,), rows still of sum 1.

    Sinkhorn & Knopp 1967; the nearest such matrix in relative entropy, as in optimal transport of the answers onto
    the classes (Cuturi 2013; Asano et al. 2020, arXiv:1911.05371).
    """
    answers = np.maximum(probable, FLOOR)
    wanted = np.maximum(shares, FLOOR)
    for _ in range(rounds):
        answers = answers * (wanted / answers.mean(axis=0))
        answers = answers / answers.sum(axis=1, keepdims=True)
    return answers
