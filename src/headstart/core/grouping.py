"""Infers which examples belong together (patient, video, scene, author, burst) from names, columns and features."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headstart.core._likeness import Likeness
from headstart.core._name_patterns import Candidate, candidates, hold_numbers, identities, names_identity

FEWEST_MEMBERS = 2.0
"""Groups hold this many examples on average, or a random split hardly tears them."""

LARGEST_SHARE = 0.5
"""A group with more of the examples than this says "all of them", not "these belong together"."""

FEWEST_GROUPS = 4
CELLS_PER_CLASS = 2.0
"""Groups part every class into this many on average, or they are little else than the classes."""

_SHOWN = 3


@dataclass(frozen=True)
class Inferred:
    """Groups that were inferred.

    Attributes
    ----------
    groups : N group names; an example of which nothing is known is a group of its own.
    pattern : where they were read, as words: ``'patient' and what follows it``, ``the column 'author'``.
    count : how many groups hold at least two examples.
    example : names of up to three members of one group.
    likeness : how often a member is more alike in features than a stranger of the same class; None: not looked at.
    """

    groups: tuple[str, ...]
    pattern: str
    count: int
    example: tuple[str, ...]
    likeness: float | None = None


def infer_groups(
    ids: Sequence[str],
    features: np.ndarray | None = None,
    targets: Sequence[Any] | None = None,
    columns: Mapping[str, Sequence[Any]] | None = None,
) -> Inferred | None:
    """The grouping that a random split would tear apart, or None where there is no good reason to believe in one.

    Parameters
    ----------
    ids : N names. features : (N, D); with them a grouping is believed only when members of one group are more alike
        than others of the same class. Without them only names that say it are: a word such as ``patient``, or
        stems that hold a number and are followed by another.
    targets : N classes (raw targets, or bands of a number); a group that is just a class is none.
    columns : further columns of the source data by name, whose values may repeat.

    Raises
    ------
    ValueError : features, targets or a column are not as many as the ids.
    """
    given = {"features": features, "targets": targets, **(columns or {})}
    for name, values in given.items():
        if values is not None and len(values) != len(ids):
            raise ValueError(f"{name} holds {len(values)} entries for {len(ids)} ids; there must be as many")
    said = [""] * len(ids) if targets is None else [str(target) for target in targets]
    classes = np.unique(said, return_inverse=True)[1]
    read = [*_from_columns(columns or {}), *candidates(ids, said)]
    plausible = [candidate for candidate in read if _plausible(candidate.keys, classes)]
    if features is None:
        return next((_inferred(candidate, ids, None) for candidate in plausible if candidate.telling), None)
    chosen = _most_alike(plausible, Likeness(np.asarray(features), classes))
    return None if chosen is None else _inferred(*chosen[:1], ids, chosen[1])


def heeded_groups(
    ids: Sequence[str],
    features: np.ndarray | None = None,
    targets: Sequence[Any] | None = None,
    columns: Mapping[str, Sequence[Any]] | None = None,
) -> Inferred | None:
    """As :func:`infer_groups`, for who wants to be safe: names that say it are heeded even where features do not.

    ``likeness`` is None then, as it is without features.
    """
    believed = infer_groups(ids, features, targets, columns)
    return believed if believed or features is None else infer_groups(ids, None, targets, columns)


def named_owners(names: Sequence[str], targets: Sequence[str], words: Sequence[str]) -> list[str | None]:
    """Whose each of N names says it is, by one of `words` and a number or a name after it; None where it says none.

    All are None where that may be chance: what follows is no number and no grouping, as in ``patient_left``.
    """
    keys = identities(names, targets, words)
    told = hold_numbers(keys, 1) or _plausible(keys, np.zeros(len(keys), np.int64))
    return [key or None if told else None for key in keys]


def _from_columns(columns: Mapping[str, Sequence[Any]]) -> list[Candidate]:
    known = {  # NaN, a missing cell of a table, differs from itself
        name: ["" if value is None or value != value else str(value) for value in values]
        for name, values in columns.items()
    }
    return [Candidate(f"the column {name!r}", keys, names_identity(name)) for name, keys in known.items()]


def _plausible(keys: Sequence[str], classes: np.ndarray) -> bool:
    """Whether these could be groups at all: some members each, neither everything nor the classes once more."""
    sizes = Counter(key for key in keys if key)
    named = sum(sizes.values())
    if len(sizes) < FEWEST_GROUPS or 2 * named < len(keys) or named < FEWEST_MEMBERS * len(sizes):
        return False
    cells = {(key, kind) for key, kind in zip(keys, classes, strict=True) if key}
    parted = len(cells) >= CELLS_PER_CLASS * len({kind for _, kind in cells})
    return parted and max(sizes.values()) <= LARGEST_SHARE * len(keys)


def _most_alike(plausible: Sequence[Candidate], likeness: Likeness) -> tuple[Candidate, float] | None:
    """The believed grouping whose members are most alike; or a coarser one, where what it adds is alike as well."""
    judged = [(candidate, likeness.within(candidate.keys)) for candidate in plausible]
    believed = [(candidate, alike) for candidate, alike in judged if alike is not None]
    if not believed:
        return None
    best = max(believed, key=lambda pair: pair[1])
    coarser_first = sorted(believed, key=lambda pair: len(set(pair[0].keys)))
    for candidate, alike in coarser_first:
        if _holds(candidate.keys, best[0].keys) and likeness.across(candidate.keys, best[0].keys):
            return candidate, alike
    return best


def _holds(coarse: Sequence[str], fine: Sequence[str]) -> bool:
    """Whether each group of `fine` lies within one of `coarse`, and there are fewer of these."""
    pairs = {(a, b) for a, b in zip(fine, coarse, strict=True) if a}
    return len(pairs) == len({a for a, _ in pairs}) > len({b for _, b in pairs})


def _inferred(candidate: Candidate, ids: Sequence[str], likeness: float | None) -> Inferred:
    groups = tuple(key or name for key, name in zip(candidate.keys, ids, strict=True))
    sizes = Counter(groups)
    largest = sizes.most_common(1)[0][0]
    members = [name for name, group in zip(ids, groups, strict=True) if group == largest]
    count = sum(size > 1 for size in sizes.values())
    return Inferred(groups, candidate.pattern, count, tuple(members[:_SHOWN]), likeness)
