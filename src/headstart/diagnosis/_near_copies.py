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

Alike = tuple[np.ndarray, np.ndarray]
"""(P, 2) int64 pairs of places, the first smaller, and (P,) how alike each is."""


def near_copies(found: Alike, features: np.ndarray | None = None) -> Alike:
    """Those of the look-alikes `found` that are near copies, with a likeness in [0, 1].

    Parameters
    ----------
    features : (N, D) of all examples, or None.
    """
    pairs, alike = found
    close = alike >= (ALIKE if features is None else SURE)
    if features is not None:
        doubtful = np.flatnonzero(~close)
        close[doubtful] = _confirmed(pairs[doubtful], features)
    return pairs[close], np.clip(alike[close], 0.0, 1.0)


def look_alikes(
    sketches: np.ndarray, families: Sequence[str] | None = None, features: np.ndarray | None = None
) -> Alike:
    """All pairs that are near copies, or would be if features confirmed it.

    Parameters
    ----------
    sketches : (N, 256), mean 0 and length 1.
    families : N names, where it is known within which families copies can be at all; None to look among all.
    features : (N, D); where one looks among all, the nearest by these are looked at too.

    Raises
    ------
    ValueError : sketches of another size.
    """
    sketches = _checked(sketches)
    if families is not None:
        return _within(sketches, families)
    near = None if features is None else nearest(features, features, CANDIDATES, same=True)[0]
    pairs = _candidates(sketches, near)
    return _close(pairs, likeness(sketches, pairs))


def _close(pairs: np.ndarray, alike: np.ndarray) -> Alike:
    close = alike >= ALIKE_IN_BOTH
    return pairs[close], alike[close]


def _checked(sketches: np.ndarray) -> np.ndarray:
    if sketches.ndim != 2 or sketches.shape[1] != SIDE * SIDE:
        raise ValueError(f"sketches must be of shape (N, {SIDE * SIDE}), these are {sketches.shape}")
    return np.nan_to_num(np.asarray(sketches, dtype=np.float32))


def pairs_among(members: np.ndarray) -> np.ndarray:
    """(M (M - 1) / 2, 2): every pair of M places, the smaller first."""
    first, second = np.triu_indices(len(members), 1)
    return np.sort(np.stack([members[first], members[second]], axis=1), axis=1)


def _within(sketches: np.ndarray, families: Sequence[str]) -> Alike:
    """The look-alikes among those with the same name."""
    found = [_among(sketches, members) for members in _by_size(families)]
    none = np.zeros((0, 2), dtype=np.int64), np.zeros(0, dtype=np.float32)
    pairs, alike = zip(none, *found, strict=True)
    return np.concatenate(pairs), np.concatenate(alike)


def _by_size(families: Sequence[str]) -> list[np.ndarray]:
    """For each size above one of families, (F, m): the places of the members of all F of that size, in order."""
    members: dict[str, list[int]] = {}
    for place, name in enumerate(families):
        members.setdefault(name, []).append(place)
    sizes: dict[int, list[list[int]]] = {}
    for own in members.values():
        sizes.setdefault(len(own), []).append(own)
    return [np.array(own, dtype=np.int64) for size, own in sizes.items() if size > 1]


def _among(sketches: np.ndarray, members: np.ndarray) -> Alike:
    """The look-alikes within families of one size, whose members lie at the places (F, m).

    All of a family are compared with all by products of matrices: many times faster than pair by pair.
    """
    own = sketches[members.ravel()]
    whole = as_frequencies(own).reshape(*members.shape, -1)
    best = _correlations(whole, whole)
    for crop in CROPS:
        each = _correlations(cropped(own, crop).reshape(whole.shape), whole)
        np.maximum(best, each, out=best)
        np.maximum(best, each.swapaxes(1, 2), out=best)
    first, second = np.triu_indices(members.shape[1], 1)
    pairs = np.stack([members[:, first], members[:, second]], axis=2)
    return _close(pairs.reshape(-1, 2), best[:, first, second].ravel())


def _correlations(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(F, m, m) the larger of the correlations with and without the mirror, from frequencies (F, m, W) of both."""
    even = mirrored(np.ones((1, one.shape[2]), dtype=np.float32))[0] > 0
    straight, turned = (
        np.compress(waves, one, axis=2) @ np.compress(waves, other, axis=2).swapaxes(1, 2) for waves in (even, ~even)
    )
    straight += np.abs(turned, out=turned)
    return straight


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
    rows = np.arange(len(sketches))
    pairs = [_as_pairs(places, rows) for places in (*found, *([] if near is None else [near]))]
    return np.unique(np.concatenate(pairs), axis=0)


def _as_pairs(places: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(P, 2) each of the places (n, k) with that at `rows` (n,), the smaller first."""
    own = np.repeat(rows, places.shape[1])
    return np.sort(np.stack([own, places.ravel()], axis=1), axis=1)


def _confirmed(pairs: np.ndarray, features: np.ndarray) -> np.ndarray:
    """(P,) whether one of each pair is among the nearest of the other in features (N, D)."""
    rows, count = np.unique(pairs), len(features)
    near = nearest(features, features, CANDIDATES, same=True, rows=rows)[0][:, :CONFIRMING]
    known = _as_pairs(near, rows)
    return np.isin(pairs[:, 0] * count + pairs[:, 1], known[:, 0] * count + known[:, 1])
