"""Finds near copies of pictures: re-compressed, resized, cropped at the edges, mirrored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headstart.diagnosis._neighbours import nearest
from headstart.diagnosis._sketch_space import CROPS, SIDE, as_frequencies, cropped, mirrored

SURE, ALIKE = 0.985, 0.972
"""Correlations of two sketches, one of them cropped or mirrored where that helps, that make one picture of them: with
whatever features, and without any."""

ALIKE_IN_BOTH = 0.96
"""The same where features confirm it: one is among the nearest of the other."""

CONFIRMING = 5
CANDIDATES = 10
"""How many of the most alike others are looked at, by the sketch whole, mirrored and cropped, and by the features."""

_BLOCK = 20_000


def near_copies(
    sketches: np.ndarray, features: np.ndarray | None = None, families: Sequence[str] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of near copies and how alike each is.

    Parameters
    ----------
    sketches : (N, 256), mean 0 and length 1. features : (N, D), or None.
    families : N names, where it is known within which families copies can be at all; None to look among all.

    Returns
    -------
    (P, 2) int64 places with the first smaller, and (P,) likeness in [0, 1].

    Raises
    ------
    ValueError : sketches of another size.
    """
    sketches = _checked(sketches)
    within = None if families is None else _within(families)
    if within is not None and not len(within):
        return within, np.zeros(0, dtype=np.float32)
    near = None if features is None else nearest(features, features, CANDIDATES, same=True)[0]
    pairs = _candidates(sketches, near) if within is None else within
    alike = likeness(sketches, pairs)
    close = alike >= (ALIKE if near is None else SURE)
    if near is not None:
        close |= (alike >= ALIKE_IN_BOTH) & _among(pairs, _as_pairs(near[:, :CONFIRMING]), len(sketches))
    return pairs[close], np.clip(alike[close], 0.0, 1.0)


def look_alikes(sketches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`near_copies`, all pairs that features might confirm."""
    sketches = _checked(sketches)
    pairs = _candidates(sketches, None)
    alike = likeness(sketches, pairs)
    return pairs[alike >= ALIKE_IN_BOTH], alike[alike >= ALIKE_IN_BOTH]


def _checked(sketches: np.ndarray) -> np.ndarray:
    if sketches.ndim != 2 or sketches.shape[1] != SIDE * SIDE:
        raise ValueError(f"sketches must be of shape (N, {SIDE * SIDE}), these are {sketches.shape}")
    return np.nan_to_num(np.asarray(sketches, dtype=np.float32))


def pairs_among(members: np.ndarray) -> np.ndarray:
    """(M (M - 1) / 2, 2): every pair of M places, the smaller first."""
    first, second = np.triu_indices(len(members), 1)
    return np.sort(np.stack([members[first], members[second]], axis=1), axis=1)


def _within(families: Sequence[str]) -> np.ndarray:
    """(P, 2) pairs of places with the same name."""
    members: dict[str, list[int]] = {}
    for place, name in enumerate(families):
        members.setdefault(name, []).append(place)
    pairs = [pairs_among(np.array(own)) for own in members.values() if len(own) > 1]
    return np.concatenate(pairs) if pairs else np.zeros((0, 2), dtype=np.int64)


def likeness(sketches: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """(P,) best correlation of the sketches (N, 256) of each pair, where either may be a crop or mirror image."""
    whole = as_frequencies(sketches)
    best = _correlation(whole, whole, pairs)
    for crop in CROPS:
        part = cropped(sketches, crop)
        best = np.maximum(best, _correlation(part, whole, pairs))
        best = np.maximum(best, _correlation(part, whole, pairs[:, ::-1]))
    return best


def _correlation(one: np.ndarray, other: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """(P,) the larger of the correlations with and without the mirror; a block of pairs at a time, to save memory."""
    sign = mirrored(np.ones((1, one.shape[1]), dtype=np.float32))[0]
    parities = np.stack([sign > 0, sign < 0], axis=1).astype(np.float32)
    found = np.empty(len(pairs), dtype=np.float32)
    for start in range(0, len(pairs), _BLOCK):
        first, second = pairs[start : start + _BLOCK].T
        products = one[first] * other[second]
        straight, turned = (products @ parities).T
        found[start : start + _BLOCK] = straight + np.abs(turned)
    return found


def _candidates(sketches: np.ndarray, near: np.ndarray | None) -> np.ndarray:
    """(P, 2) distinct pairs of examples that are near each other in some way; `near` (N, k) are so in features."""
    whole, part = as_frequencies(sketches), cropped(sketches, CROPS[-1])
    ways = [(whole, whole), (mirrored(whole), whole), (part, whole)]
    found = [nearest(one, other, CANDIDATES, same=True)[0] for one, other in ways]
    pairs = [_as_pairs(places) for places in (*found, *([] if near is None else [near]))]
    return np.unique(np.concatenate(pairs), axis=0)


def _as_pairs(places: np.ndarray) -> np.ndarray:
    """(P, 2), the smaller place first."""
    own = np.repeat(np.arange(len(places)), places.shape[1])
    return np.sort(np.stack([own, places.ravel()], axis=1), axis=1)


def _among(pairs: np.ndarray, others: np.ndarray, count: int) -> np.ndarray:
    """(P,) whether each pair of places below `count` is one of the others."""
    return np.isin(pairs[:, 0] * count + pairs[:, 1], others[:, 0] * count + others[:, 1])
