"""Looks at every example once: sets the unreadable aside, and finds duplicates, conflicts and leaks."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from headstart.core.boxes import Boxes
from headstart.core.errors import InputError, Problem
from headstart.core.progress import Progress
from headstart.core.targets import plain
from headstart.core.threads import processors
from headstart.core.timing import Stopwatch
from headstart.core.units import units_of
from headstart.data.examples import Examples
from headstart.data.giveaways import giveaway_mistake
from headstart.data.looks import LookMemory
from headstart.data.modalities.base import Look, Modality

MOST_SET_ASIDE = 0.1
"""A larger share of unreadable examples is a mistake of the input, not a few bad files."""


AT_ONCE = 1024
"""Inputs looked at between two calls of the memory; a kill loses at most so many looks."""


class _Seen(NamedTuple):
    """One of ``problem``, a sentence, and ``fingerprint`` is empty."""

    problem: str
    fingerprint: str


class Conflict(NamedTuple):
    """Two examples of the same content and their different targets."""

    first: str
    second: str
    first_target: Any
    second_target: Any


@dataclass(frozen=True)
class Checked:
    """Examples that can be used.

    Attributes
    ----------
    examples : the N readable ones.
    set_aside : the others, each with what is wrong with it.
    fingerprints : N digests of their content; ``normalised``: the same for inputs that differ in nothing that
        matters, or none where their modality has no such rule; ``alike``: names of families of near copies, the same
        for all of one family, or none where nobody looked for them.
    conflicts : pairs with the same content and different targets; kept among the examples.
    leaks : (id outside the test split, id in it) of the same content; kept too.
    notes : these findings as sentences.
    """

    examples: Examples
    set_aside: list[Problem]
    fingerprints: list[str]
    conflicts: list[Conflict]
    leaks: list[tuple[str, str]]
    notes: tuple[str, ...]
    normalised: Sequence[str] = ()
    alike: Sequence[str] = ()

    @property
    def bonds(self) -> list[Sequence[str]]:
        """Columns of N names; who shares a name in any of them belongs in one split, and in one fold."""
        columns = (self.fingerprints, self.normalised, self.alike, self.examples.groups)
        return [column for column in columns if column]

    def units(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """Numbers (n,) of what belongs together among the usable examples at `rows`."""
        return units_of(*([column[row] for row in rows] for column in self.bonds))

    def select(self, rows: Sequence[int]) -> Checked:
        """Some of the usable examples; what was said of all stays."""

        def pick(column: Sequence[str]) -> list[str]:
            return [column[row] for row in rows] if column else []

        return replace(
            self,
            examples=self.examples.select(rows),
            fingerprints=pick(self.fingerprints),
            normalised=pick(self.normalised),
            alike=pick(self.alike),
        )


def check(
    examples: Examples,
    modality: Modality,
    progress: Progress,
    memory: LookMemory,
    stopwatch: Stopwatch,
    most: float = MOST_SET_ASIDE,
    digests: Sequence[str] = (),
) -> Checked:
    """Look at every input once, in a few threads; content that `memory` holds is not decoded again.

    Parameters
    ----------
    digests : of the inputs' contents, in order, where somebody has read them a moment ago; empty where nobody has.
        What `memory` holds of those is not even read.

    Raises
    ------
    InputError : a larger share than `most` cannot be read, or the target stands in the input.
    """
    seen = _look_at_all(examples, modality, progress, memory, stopwatch, digests or [""] * len(examples))
    set_aside = [Problem(id_, one.problem) for id_, one in zip(examples.ids, seen, strict=True) if one.problem]
    refuse_too_many(set_aside, len(examples), modality.noun, most)
    if set_aside:
        examples = examples.select([i for i, one in enumerate(seen) if not one.problem])
    fingerprints = [one.fingerprint for one in seen if not one.problem]
    if mistake := giveaway_mistake(examples):
        raise InputError(mistake)
    twins = _same_content(fingerprints)
    conflicts, leaks = _conflicts(examples, twins), _leaks(examples, twins)
    notes = _notes(modality.noun, len(set_aside), conflicts, leaks)
    normalised = [modality.normalised(reference) for reference in examples.references]
    return Checked(examples, set_aside, fingerprints, conflicts, leaks, notes, normalised if all(normalised) else ())


def refuse_too_many(set_aside: Sequence[Problem], count: int, noun: str, most: float = MOST_SET_ASIDE) -> None:
    """Unreadable inputs beyond a share, a tenth unless `most` is another, are a mistake of the whole.

    Raises
    ------
    InputError : they are more than that; all are named.
    """
    if len(set_aside) > most * count:
        share = ", more than a tenth" if len(set_aside) < count else ""
        raise InputError(set_aside, f"{len(set_aside)} of {count} {noun} cannot be used{share}.")


def _look_at_all(
    examples: Examples,
    modality: Modality,
    progress: Progress,
    memory: LookMemory,
    stopwatch: Stopwatch,
    digests: Sequence[str],
) -> list[_Seen]:
    """What was seen of every example; looks at new content go into `memory`."""

    def look(reference: Any, digest: str) -> tuple[_Seen, Look | None]:
        if digest and digest in memory:
            return _Seen("", digest), None
        reference, fingerprint = identified(modality, reference)
        if fingerprint in memory:
            return _Seen("", fingerprint), None
        try:
            with stopwatch.lap("decode"):
                look = modality.look(reference)
        except ValueError as error:
            return _Seen(str(error) or "it cannot be decoded", ""), None
        return _Seen("", fingerprint or modality.fingerprint(reference)), look

    workers = min(4, max(2, processors()))
    pool = ThreadPoolExecutor(workers, thread_name_prefix="check")
    seen: list[_Seen] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # decoders remark on odd metadata; what matters comes back as a problem
            looked = iter(pool.map(look, examples.references, digests))
            looked = iter(progress.bar(looked, len(examples), f"checking {modality.noun}", modality.noun))
            while block := list(islice(looked, AT_ONCE)):
                new = {one.fingerprint: found for one, found in block if found is not None}
                if new:
                    memory.add(list(new), list(new.values()))
                seen += [one for one, _ in block]
    finally:
        # After Ctrl-C, what has not begun is not begun.
        pool.shutdown(wait=True, cancel_futures=True)
    return seen


def identified(modality: Modality, reference: Any) -> tuple[Any, str]:
    """An input that may be unreadable, with its content in memory, and the digest of that; empty where it is."""
    try:
        content = modality.read(reference)
        return content, modality.fingerprint(content)
    except Exception:  # :meth:`Modality.look` says what is wrong
        return reference, ""


def _same_content(fingerprints: Sequence[str]) -> list[list[int]]:
    """Groups of at least two examples with the same fingerprint, in order of their first."""
    places: dict[str, list[int]] = defaultdict(list)
    for i, fingerprint in enumerate(fingerprints):
        places[fingerprint].append(i)
    return [group for group in places.values() if len(group) > 1]


def _conflicts(examples: Examples, twins: list[list[int]]) -> list[Conflict]:
    """In each group of the same content, the first example with the first of every other target."""
    if examples.targets is None:
        return []
    targets, found = examples.targets, []
    for group in twins:
        met = [targets[group[0]]]
        for i in group[1:]:
            if all(disagree(targets[i], other) for other in met):
                met.append(targets[i])
                found.append(Conflict(examples.ids[group[0]], examples.ids[i], targets[group[0]], targets[i]))
    return found


def disagree(one: Any, other: Any) -> bool:
    """Whether two raw targets differ; of several targets by name, where both are known."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        both = [name for name in one if one[name] is not None and other.get(name) is not None]
        return any(disagree(one[name], other[name]) for name in both)
    return _comparable(one) != _comparable(other)


def _written(target: Any) -> str:
    """A target in a sentence; boxes by their number, for all their edges would fill a page."""
    return str(target) if isinstance(target, Boxes) else repr(target)


def _comparable(target: Any) -> str:
    """Labels in any order are the same target, and so are 1 and 1.0."""
    return repr(sorted(target)) if isinstance(target, list) else str(plain(target))


def _leaks(examples: Examples, twins: list[list[int]]) -> list[tuple[str, str]]:
    """For each test example that also lies outside the given test split, one such pair of ids."""
    if examples.splits is None:
        return []
    found = []
    for group in twins:
        outside = [i for i in group if examples.splits[i] != "test"]
        found += [
            (examples.ids[outside[0]], examples.ids[i]) for i in group if examples.splits[i] == "test" and outside
        ]
    return found


def _notes(noun: str, set_aside: int, conflicts: list[Conflict], leaks: list[tuple[str, str]]) -> tuple[str, ...]:
    notes = []
    if set_aside:
        notes.append(f"Set aside: {set_aside} {noun} that cannot be used.")
    if conflicts:
        one, often = conflicts[0], "once" if len(conflicts) == 1 else f"{len(conflicts)} times"
        notes.append(
            f"The same content has different targets {often}, e.g. {one.first} is "
            f"{_written(one.first_target)} and {one.second} is {_written(one.second_target)}."
        )
    if leaks:
        notes.append(
            f"{len(leaks)} test {noun} also lie outside the test split, e.g. {leaks[0][1]} is {leaks[0][0]}; "
            "test figures may be too good."
        )
    return tuple(notes)
