"""Adaptations that bring the source examples to where the new inputs lie, and solve the head on them there."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from headstart.adaptations.base import Adaptation, Adapted, Domains, Lesson, solved, with_head


class Moving(Adaptation):
    """Moves the stored source features by an affine map, and solves the head anew on them with their own labels.

    Where the head reads several depths, the features of each are moved by themselves: together they are too many for
    a covariance to be known from the examples at hand.
    """

    depth = 1

    @abstractmethod
    def move(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        """(n, D) source features as they would be in the new domain, of which `target` (N, D) are examples."""

    def adapt(self, domains: Domains) -> Adapted:
        source = moved(self, domains)
        lesson = Lesson(source, domains.classes, domains.weights())
        return with_head(domains, *solved(domains, lesson), source)


FEWEST = 10
"""Examples of a source from which on it has moments of its own."""


def moved(by: Moving, domains: Domains) -> np.ndarray:
    """(n, D) the source examples in the new domain: each depth moved by itself, and each source that can be."""
    result = np.empty_like(domains.source)
    for own in sources(domains):
        for depth in domains.depths():
            result[own, depth] = by.move(domains.source[own, depth], domains.target[:, depth])
    return result


def sources(domains: Domains) -> list[np.ndarray]:
    """The rows of the sources that are moved by themselves.

    One of few examples has no moments to speak of, and one without some of the classes would be moved onto those of
    all: such are moved together, and with the smallest of the others where even so they are few or lack classes.
    """
    every = set(domains.classes.tolist())

    def complete(rows: np.ndarray) -> bool:
        return len(rows) >= FEWEST and set(domains.classes[rows].tolist()) == every

    each = [np.flatnonzero(domains.origins == origin) for origin in np.unique(domains.origins)]
    alone = [rows for rows in each if complete(rows)]
    if len(alone) == len(each):
        return alone
    rest = np.sort(np.concatenate([rows for rows in each if not complete(rows)]))
    if complete(rest) or not alone:
        return [*alone, rest]
    *others, smallest = sorted(alone, key=len, reverse=True)
    return [*others, np.sort(np.concatenate([smallest, rest]))]
