"""Families of near copies, by sketches alone: what no split that is drawn may tear apart."""

from __future__ import annotations

import numpy as np

from headstart.core.components import components
from headstart.diagnosis._near_copies import ALIKE, ALIKE_IN_BOTH, SURE, likeness, look_alikes, pairs_among

BARS = (ALIKE_IN_BOTH, SURE, 0.995)
"""Correlations of two sketches that link them. Where what hangs together is no family, the next bar parts it."""

FEW = 10
"""So many are believed to be a family however they hang together."""

LARGEST_SHARE = 0.05
"""A larger part of all examples shows what such pictures look like, as the ones of digits do, and no copies."""

_DRAWN = 1000
"""Pairs by which a large family is judged."""


def near_families(sketches: np.ndarray) -> np.ndarray:
    """(N,) int64: the number of the family of each example, who may be alone in it.

    It holds every pair that :func:`near_copies` finds, whatever the features say, but for chains: of many pictures
    each is like the next, and the first is not like the last. Those are looks of a class, drawn digits say, not
    copies of one picture, and to keep them in one split would leave another without the class.

    Parameters
    ----------
    sketches : (N, 256), mean 0 and length 1.
    """
    pairs, alike = look_alikes(sketches)
    kept = []
    for bar in BARS:
        close = alike >= bar
        pairs, alike = pairs[close], alike[close]
        chained = _chained(sketches, pairs, bar)
        kept.append(pairs[~chained])
        pairs, alike = pairs[chained], alike[chained]
    linked = np.concatenate(kept)
    return components(linked[:, 0], linked[:, 1], len(sketches)).astype(np.int64)


def _chained(sketches: np.ndarray, pairs: np.ndarray, bar: float) -> np.ndarray:
    """(P,) whether each of the pairs hangs together with others that make no family of it."""
    labels = components(pairs[:, 0], pairs[:, 1], len(sketches))
    sizes = np.bincount(labels)
    by_family = np.split(np.argsort(labels, kind="stable"), np.cumsum(sizes)[:-1])
    for family in np.flatnonzero(sizes > 2):
        if _is_family(sketches, by_family[family], bar):
            sizes[family] = 0
    return sizes[labels[pairs[:, 0]]] > 2


def _is_family(sketches: np.ndarray, members: np.ndarray, bar: float) -> bool:
    """Whether they are few, or few among all and alike throughout; one of all would leave nothing to hold out."""
    if len(members) <= FEW:
        return 2 * len(members) <= len(sketches)
    return len(members) <= LARGEST_SHARE * len(sketches) and _mean_likeness(sketches, members) >= max(bar, ALIKE)


def _mean_likeness(sketches: np.ndarray, members: np.ndarray) -> float:
    """Of pairs of members, drawn where there are many."""
    own = np.asarray(sketches[members], dtype=np.float32)
    pairs = pairs_among(np.arange(len(members)))
    drawn = np.random.default_rng(0).permutation(len(pairs))[:_DRAWN]
    return float(likeness(own, pairs[drawn]).mean())
