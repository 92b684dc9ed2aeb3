"""Adaptations that learn from their own answers for the new inputs, once both domains are standardised."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from headstart.adaptations._answers import evened
from headstart.adaptations.base import Adaptation, Adapted, Domains, Lesson, probabilities, solved, uneven, with_head
from headstart.adaptations.standardise import Standardise

MOST = 3000
"""At most so many new inputs, and as many source examples, are learnt from: some need their number squared."""

ROOT = 0.5
"""The power features are taken to: it evens out the long tails of activations behind a ReLU (Hu et al. 2021,
arXiv:2006.03806)."""


class Learning(Adaptation):
    """Standardises, asks the head, improves the answers by what the new inputs have in common, and solves it anew.

    The head is solved on the moved source examples with their labels and on the new inputs with the improved
    answers, each counting as much as it is sure. Its logits and those of the head that was only standardised are then
    averaged: where its own answers led it astray, the other holds it back.
    """

    depth = 2

    def missing(self, domains: Domains) -> str:
        return uneven(domains)

    @abstractmethod
    def improved(
        self, source: np.ndarray, truth: np.ndarray, target: np.ndarray, answers: np.ndarray, shares: np.ndarray
    ) -> np.ndarray:
        """Better answers (N, C).

        Parameters
        ----------
        source, target : (n, D) and (N, D), each of mean 0 and deviation 1 in every feature.
        truth : (n, C) ones at the source examples' classes. answers : (N, C) the first ones, made even.
        shares : (C,) how common each class is in the old domain.
        """

    def adapt(self, domains: Domains) -> Adapted:
        random = np.random.default_rng(domains.seed)
        known = np.sort(random.permutation(len(domains.source))[:MOST])
        new = np.sort(random.permutation(len(domains.target))[:MOST])
        first = Standardise().adapt(domains)
        asked = probabilities(first.outputs[new], domains.temperature)
        answers = self.improved(
            rooted(domains.source[known]),
            np.eye(domains.task.outputs)[domains.classes[known]],
            rooted(domains.target[new]),
            evened(asked, domains.shares),
            domains.shares,
        )
        weights = weights_of(len(first.source), answers.max(axis=1))
        weights[: len(first.source)] *= domains.weights()
        lesson = Lesson(
            np.concatenate([first.source, domains.target[new]]),
            np.concatenate([domains.classes, answers.argmax(axis=1)]),
            weights,
        )
        weight, bias = solved(domains, lesson)
        before = first.network.head
        return with_head(
            domains,
            (weight + before.get_parameter("weight")) / 2,
            (bias + before.get_parameter("bias")) / 2,
            first.source,
        )


def rooted(features: np.ndarray) -> np.ndarray:
    """The signed root of (N, D) features, each then of mean 0 and deviation 1."""
    roots = np.sign(features) * np.abs(features.astype(np.float64)) ** ROOT
    spread = roots.std(axis=0)
    return (roots - roots.mean(axis=0)) / (spread + 0.05 * spread.mean() + 1e-12)


def weights_of(known: int, sure: np.ndarray) -> np.ndarray:
    """Weights (n + N,) of mean 1: both domains count as much, the new inputs by how `sure` (N,) each is."""
    both = np.concatenate([np.full(known, 1 / max(known, 1)), sure / max(float(sure.sum()), 1e-12)])
    return both / both.mean()
