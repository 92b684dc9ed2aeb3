"""Divides examples into training, validation and test: stratified, seeded, groups whole, given splits kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from headstart.core.counts import first_few
from headstart.core.errors import InputError, NoneHeldOut
from headstart.core.files import digest
from headstart.data.examples import SPLITS, Examples
from headstart.data.holding_out import ENOUGH, Unit, hold_out


@dataclass(frozen=True)
class Split:
    """Indices into the examples, each (n,) int64 and sorted; and what a person should know about them.

    ``out_of_fold`` says that none were held out to compare rungs on, for there are too few: the training examples are
    judged instead, each by heads that did not see it.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    notes: tuple[str, ...] = ()
    out_of_fold: bool = False

    @property
    def compared(self) -> np.ndarray:
        """The examples that rungs are compared on."""
        return self.train if self.out_of_fold else self.validation

    @property
    def judges(self) -> bool:
        """Whether any examples judge."""
        return self.out_of_fold or len(self.validation) + len(self.test) > 0

    def without_held_out(self) -> Split:
        """The same with what was held out to compare rungs among what is learnt from, judged out of fold."""
        together = np.sort(np.concatenate([self.train, self.validation]))
        return Split(together, self.validation[:0], self.test, self.notes, out_of_fold=True)


def split(
    examples: Examples,
    strata: Sequence[str],
    seed: int,
    test_share: float = 0.2,
    validation_share: float = 0.2,
    fingerprints: Sequence[str] | None = None,
    normalised: Sequence[str] = (),
    alike: Sequence[str] = (),
) -> Split:
    """Keep given splits, and hold out what is not given: first the test split, then validation from the rest.

    Parameters
    ----------
    strata : N names whose proportions every split should keep (classes, bands of a number).
    test_share, validation_share : shares to hold out, of what is left each time; 0 for none.
    seed : which of the equally good divisions; the same examples in another order are divided alike.
    fingerprints : N digests; examples of the same content then stay together, like a group. normalised : N further
        ones, the same for inputs that differ in nothing that matters; or none. alike : N names of families of near
        copies; or none.

    Raises
    ------
    InputError : no training examples are given, or there are too few to hold any out.
    """
    given = list(examples.splits) if examples.splits is not None else [None] * len(examples)
    places = {name: [i for i, s in enumerate(given) if s == name] for name in SPLITS}
    pool = [i for i, s in enumerate(given) if s is None or s == "train"]
    if not pool:
        raise InputError(
            f"{examples.source or 'The source data'} gives no training examples, only {_counted(given)}."
        )
    bonds = {"content": fingerprints, "normalised": normalised, "alike": alike, "group": examples.groups}
    names, linked = examples.ids if fingerprints is None else fingerprints, [*pool, *places["validation"]]
    units, bound = _parted(_units(names, linked, seed, bonds), set(places["validation"]))
    counts = Counter(strata[i] for i in [*pool, *places["test"]])
    notes = []
    test, validation = _judging(examples, places["test"]), _judging(examples, places["validation"])
    few = len(units) + len(bound) > 1 and few_of_each([strata[i] for i in pool])
    unseen = few and not validation and validation_share > 0
    notes += _said_of_few([strata[i] for i in pool], bool(test) or not test_share, unseen) if few else []
    if not few and not test and test_share > 0:
        test, units = _held(examples, units, strata, test_share, counts, "test", bound)
        notes.append(f"No test split was given: {len(test)} examples were held out for it.")
    else:
        units += bound
    if not unseen and not validation and validation_share > 0:
        validation, units = _held(examples, units, strata, validation_share, counts, "validation")
        notes.append(f"No validation split was given: {len(validation)} examples were held out for it.")
    train = [i for unit in units for i in unit.members]
    notes += [] if few else _missing_strata(strata, train, validation, test)
    notes += _crossing(examples, train, validation, test)
    return Split(_sorted(train), _sorted(validation), _sorted(test), tuple(notes), unseen)


def few_of_each(strata: Sequence[str]) -> bool:
    """Whether most examples are of classes with fewer than three: nothing can be held out without losing classes."""
    counts = Counter(strata)
    return 2 * sum(count for count in counts.values() if count < ENOUGH) > len(strata)


def _said_of_few(strata: Sequence[str], tested: bool, unseen: bool) -> list[str]:
    """What is done about it, and what the figures are worth."""
    counts = Counter(strata)
    notes = [] if tested else [f"Most classes have fewer than {ENOUGH} examples, so no test split was held out."]
    if unseen:
        notes.append("Rungs are compared out of fold: each example is judged by heads that did not see it.")
    if unseen and (alone := sum(count == 1 for count in counts.values())):
        notes.append(
            f"{alone} of {len(counts)} classes have one example, and heads that did not see it know no more of its "
            "class than the name: figures say little. More examples, or a test split, would tell."
        )
    return notes


def _held(
    examples: Examples,
    units: list[Unit],
    strata: Sequence[str],
    share: float,
    counts: Counter[str],
    name: str,
    bound: Sequence[Unit] = (),
) -> tuple[list[int], list[Unit]]:
    """(indices held out that judge, units left); of the `bound` some are held out only where no other can be."""
    held, rest = hold_out(units, strata, share, counts, bound)
    units, rest = [*units, *bound], [*rest, *bound]
    if not held:
        held, rest = hold_out(units, strata, share, counts)
    if not held:
        why = "they all belong together (a group, or much the same content)" if len(units) < 2 else "more are needed"
        total = sum(len(unit.members) for unit in units)
        raise NoneHeldOut(f"No {name} examples can be held out of {total} in {examples.source or 'the data'}: {why}.")
    return _judging(examples, [i for unit in held for i in unit.members]), rest


def _judging(examples: Examples, held: list[int]) -> list[int]:
    """Those of what is held out that are judged: of a volume the middle slice alone."""
    return held if examples.extra is None else [i for i in held if not examples.extra[i]]


def _parted(units: list[Unit], judged: set[int]) -> tuple[list[Unit], list[Unit]]:
    """(units that may be held out, those bound to a given validation example, without it).

    A test example that is much the same as one of validation would not be new to the network that is kept, which
    learns from both.
    """
    free = [unit for unit in units if judged.isdisjoint(unit.members)]
    mixed = [[i for i in unit.members if i not in judged] for unit in units if not judged.isdisjoint(unit.members)]
    return free, [Unit(members) for members in mixed if members]


def _units(names: Sequence[str], pool: list[int], seed: int, bonds: Mapping[str, Sequence[str] | None]) -> list[Unit]:
    """What must stay together, in a random order that depends on names and seed only."""
    links = [[(kind, own[i]) for kind, own in bonds.items() if own] for i in pool]
    units = [[pool[place] for place in together] for together in _connected(links)]
    keyed = sorted((digest(str(seed), min(str(names[i]) for i in unit)), unit[0], unit) for unit in units)
    return [Unit(unit) for _, _, unit in keyed]


def _connected(links: Sequence[Iterable[tuple[str, str]]]) -> list[list[int]]:
    """Places joined by any link they share (union-find), each set in order."""
    parent = list(range(len(links)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    first: dict[tuple[str, str], int] = {}
    for place, own in enumerate(links):
        for link in own:
            a, b = sorted((root(first.setdefault(link, place)), root(place)))
            parent[b] = a
    joined: dict[int, list[int]] = defaultdict(list)
    for place in range(len(links)):
        joined[root(place)].append(place)
    return list(joined.values())


def _missing_strata(strata: Sequence[str], train: list[int], validation: list[int], test: list[int]) -> list[str]:
    """A note for each split that a class (or band) of at least two examples does not reach."""
    counts = Counter(strata[i] for i in [*train, *validation, *test])
    notes = []
    for name, indices in (("training", train), ("validation", validation), ("test", test)):
        absent = sorted(s for s in counts.keys() - {strata[i] for i in indices} if counts[s] >= 2)
        if absent and indices:
            notes.append(f"Too few examples to reach the {name} split: {first_few(absent)}.")
    return notes


def _crossing(examples: Examples, *parts: list[int]) -> list[str]:
    """A note when given splits part a group."""
    if examples.groups is None:
        return []
    where: dict[str, set[int]] = defaultdict(set)
    for number, indices in enumerate(parts):
        for i in indices:
            where[examples.groups[i]].add(number)
    crossing = sorted(group for group, numbers in where.items() if len(numbers) > 1)
    if not crossing:
        return []
    shown = ", ".join(crossing[:5]) + (" …" if len(crossing) > 5 else "")
    return [
        f"The given splits part {len(crossing)} groups ({shown}); test figures may be too good. --split anew divides "
        "the examples anew and keeps them whole."
    ]


def _counted(given: Iterable[str | None]) -> str:
    return ", ".join(f"{count} for {name}" for name, count in Counter(given).items()) or "none at all"


def _sorted(indices: list[int]) -> np.ndarray:
    return np.array(sorted(indices), dtype=np.int64)
