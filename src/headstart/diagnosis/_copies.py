"""Which examples are copies of each other: the same content, the same words, or nearly the same picture."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headstart.core.components import components
from headstart.diagnosis._near_copies import Alike, look_alikes, near_copies
from headstart.diagnosis._stacked import rows_of, stacked
from headstart.diagnosis.base import Evidence


@dataclass(frozen=True)
class Copy:
    """An example that has copies: how alike the nearest is, in [0, 1], and whether that is the very same content.

    Those with the same ``content`` hold the very same; it is empty where that is not known.
    """

    split: str
    id: str
    target: Any
    likeness: float
    exact: bool
    content: str = ""


Family = tuple[Copy, ...]
"""Examples that are copies of each other."""

_Answer = tuple[list[weakref.ref[np.ndarray]], list[Any], Alike]
"""What was asked about, arrays and names, and what was found."""

_likened: list[_Answer] = []
"""The last look-alikes: a fit asks for near copies without features first, and then with them."""

_asked: list[_Answer] = []
"""The last near copies: three diagnoses ask for them in turn, and they take seconds where there are many examples."""


def kinds(found: Sequence[Copy]) -> str:
    """``3 exact, 2 nearly the same``, as the end of a sentence."""
    exact = sum(copy.exact for copy in found)
    words = [f"{exact:,} exactly"] if exact else []
    return " and ".join(words + ([f"{len(found) - exact:,} nearly"] if exact < len(found) else []))


def families(evidence: Evidence) -> list[Family]:
    """The families of copies among the examples of all splits."""
    rows = rows_of(evidence.ids)
    same = _same(_column(evidence.fingerprints, rows))
    words = _same(_column(evidence.normalised, rows))
    near, alike = _near(evidence)
    links = np.concatenate([same, words, near])
    if not len(links):
        return []
    weights = np.concatenate([np.ones(len(same) + len(words)), alike])
    likeness, exact = np.zeros(len(rows)), np.zeros(len(rows), dtype=bool)
    for ends in links.T:
        np.maximum.at(likeness, ends, weights)
    exact[same] = True
    targets, contents = _column(evidence.targets, rows), _column(evidence.fingerprints, rows)

    def copy(i: int) -> Copy:
        split, place = rows[i]
        return Copy(
            split, evidence.ids[split][place], targets[i], float(likeness[i]), bool(exact[i]), contents[i] or ""
        )

    return [tuple(copy(i) for i in family) for family in _connected(links, len(rows))]


def _column(values: Mapping[str, Sequence[Any]], rows: Sequence[tuple[str, int]]) -> list[Any]:
    """One entry an example; None where the split has none."""
    return [values[split][place] if len(values.get(split, ())) else None for split, place in rows]


def _same(keys: Sequence[Any]) -> np.ndarray:
    """(L, 2) links from each example to the first with the same key; None and "" are like nothing."""
    first: dict[Any, int] = {}
    links = [(first.setdefault(key, i), i) for i, key in enumerate(keys) if key]
    return np.array([link for link in links if link[0] != link[1]], dtype=np.int64).reshape(-1, 2)


def _near(evidence: Evidence) -> Alike:
    """(L, 2) links between near copies, and how alike they are (L,)."""
    sketched, featured = list(evidence.sketches.values()), list(evidence.features.values())
    families = _column(evidence.alike, rows_of(evidence.ids)) if evidence.alike else []
    sketches, features = stacked(evidence.sketches, evidence.ids), stacked(evidence.features, evidence.ids)
    if sketches is None or len(sketches) < 2:
        return np.zeros((0, 2), dtype=np.int64), np.zeros(0)
    compared = [*sketched, *([] if families else featured)]

    def found() -> Alike:
        alike = _once(_likened, compared, families, lambda: look_alikes(sketches, families or None, features))
        return near_copies(alike, features)

    return _once(_asked, [*sketched, *featured], families, found)


def _once(memory: list[_Answer], arrays: list[np.ndarray], names: list[Any], ask: Callable[[], Alike]) -> Alike:
    """What was found when last asked, if it was about these very arrays and names; else what `ask` finds."""
    for known, named, found in memory:
        same = len(known) == len(arrays) and named == names
        if same and all(ref() is array for ref, array in zip(known, arrays, strict=True)):
            return found
    found = ask()
    memory[:] = [([weakref.ref(array) for array in arrays], names, found)]
    return found


def _connected(links: np.ndarray, count: int) -> list[list[int]]:
    """The places of each family of linked examples, in order."""
    labels = components(links[:, 0], links[:, 1], count)
    members: dict[int, list[int]] = {}
    for place in np.unique(links):
        members.setdefault(int(labels[place]), []).append(int(place))
    return list(members.values())
