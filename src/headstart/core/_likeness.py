"""Whether members of one group are more alike in features than strangers of the same class."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

MOST_BY_CHANCE = 0.7
"""How often a member must be more alike than a stranger of the same class; half of the time is chance."""

MOST_ACROSS = 0.65
"""The same for the pairs that a coarser grouping adds."""

PERMUTATIONS = 99
"""None of so many random groupings may be as alike: p <= 0.01."""

_FEWEST_TRIPLES, _MOST_TRIPLES = 20, 3000


class Likeness:
    """Judges groupings of N examples by the cosine of their features (N, D), within their classes (N,) int.

    Each class is centred on its mean first: what a class looks like is no likeness of some of its members.
    """

    def __init__(self, features: np.ndarray, classes: np.ndarray) -> None:
        self.classes = classes
        self.directions = _centred(np.asarray(features, dtype=np.float32), classes)

    def within(self, keys: Sequence[str]) -> float | None:
        """How often a member is more alike than a stranger, if that is often and no chance; else None."""
        groups = _numbered(keys)
        won = self._won(groups, None)
        return won if won is not None and won >= MOST_BY_CHANCE and self._beyond_chance(groups) else None

    def across(self, coarse: Sequence[str], fine: Sequence[str]) -> bool:
        """Whether members of one coarse group that are of different fine ones are more alike than strangers too."""
        won = self._won(_numbered(coarse), _numbered(fine))
        return won is not None and won >= MOST_ACROSS

    def _won(self, groups: np.ndarray, finer: np.ndarray | None) -> float | None:
        """The share of triples (example, member of its group, stranger) where the member is more alike; None: few."""
        triples = self._triples(groups, finer)
        if len(triples) < _FEWEST_TRIPLES:
            return None
        anchor, member, stranger = (self.directions[column] for column in triples.T)
        return float(np.mean((anchor * member).sum(axis=1) > (anchor * stranger).sum(axis=1)))

    def _triples(self, groups: np.ndarray, finer: np.ndarray | None) -> np.ndarray:
        """(T, 3) places, all of one class; with `finer` the member is of another finer group."""
        generator = np.random.default_rng(0)
        cells, kinds = _places(groups, self.classes), _places(self.classes)
        drawn = np.resize(generator.permutation(len(groups)), _MOST_TRIPLES)
        triples = []
        for place in drawn[groups[drawn] >= 0]:
            members = cells[groups[place], self.classes[place]]
            members = members[members != place if finer is None else finer[members] != finer[place]]
            strangers = kinds[(self.classes[place],)]
            strangers = strangers[groups[strangers] != groups[place]]
            if len(members) and len(strangers):
                triples.append((place, generator.choice(members), generator.choice(strangers)))
        return np.array(triples, dtype=np.int64).reshape(-1, 3)

    def _beyond_chance(self, groups: np.ndarray) -> bool:
        """A permutation test: whether no shuffling of the groups within the classes is as alike within groups."""
        generator = np.random.default_rng(0)
        found = self._closeness(groups)
        kinds = list(_places(self.classes).values())
        for _ in range(PERMUTATIONS):
            shuffled = groups.copy()
            for places in kinds:
                shuffled[places] = groups[generator.permutation(places)]
            if self._closeness(shuffled) >= found:
                return False
        return True

    def _closeness(self, groups: np.ndarray) -> float:
        """The sum of the cosines of all pairs of one group and class: that over a group is |sum of its vectors|²."""
        known = np.flatnonzero(groups >= 0)
        cells = np.unique(groups[known] * (int(self.classes.max()) + 1) + self.classes[known], return_inverse=True)[1]
        from scipy import sparse  # a tenth of a second, and few commands come here

        belongs = sparse.csr_matrix((np.ones(len(known), np.float32), (cells, known)), (cells.max() + 1, len(groups)))
        return float(((belongs @ self.directions) ** 2).sum())


def _centred(features: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Unit vectors (N, D) of what is left of the features without the mean of their class."""
    centred = features.copy()
    for places in _places(classes).values():
        centred[places] -= features[places].mean(axis=0)  # a copy of one class, no more
    centred /= np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)
    return centred


def _numbered(keys: Sequence[str]) -> np.ndarray:
    """Group numbers (N,); -1 where the key is empty."""
    numbers = {key: number for number, key in enumerate(dict.fromkeys(key for key in keys if key))}
    return np.array([numbers.get(key, -1) for key in keys], dtype=np.int64)


def _places(*columns: np.ndarray) -> dict[tuple[int, ...], np.ndarray]:
    """The places of each combination of values."""
    found: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for place, values in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        found[values].append(place)
    return {values: np.array(places) for values, places in found.items()}
