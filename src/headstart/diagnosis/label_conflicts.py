"""Label conflicts: the same input, or nearly the same, appears with different targets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from headstart.core.results import Finding, FindingExample
from headstart.core.targets import plain
from headstart.diagnosis._copies import Copy, Family, families
from headstart.diagnosis._counting import counted, share
from headstart.diagnosis.base import Diagnosis, Evidence

SERIOUS_SHARE = 0.01


class LabelConflicts(Diagnosis):
    """Reports families of copies, exact or near, in all splits together, whose targets disagree.

    Copies of the very same content are told from those that are only nearly the same, which may rightly have
    different targets. Serious when more than 1 % of all examples are in conflict. The score of an example is the
    share of its copies, itself included, that say otherwise.
    """

    def examine(self, evidence: Evidence) -> list[Finding]:
        conflicts = [family for family in families(evidence) if len({_said(copy) for copy in family}) > 1]
        if not conflicts:
            return []
        total, found = sum(map(len, evidence.ids.values())), sum(map(len, conflicts))
        exact = sum(map(_of_the_same_content, conflicts))
        first, other = _disagreeing(conflicts[0])
        scored = sorted((example for family in conflicts for example in _scored(family)), key=lambda e: -e.score)
        return [
            Finding(
                "label_conflicts",
                "serious" if found > SERIOUS_SHARE * total else "warning",
                f"{counted(found, 'example')} ({share(found, total)}) {_alike(exact, found)}, e.g. {first.id} is "
                f"{_said(first)} and {other.id} is {_said(other)}.",
                scored,
                _step(exact, found),
            )
        ]


def _of_the_same_content(family: Family) -> int:
    """How many of a family have the very same content as one with another target."""
    said: dict[str, list[str]] = {}
    for copy in family:
        if copy.content:
            said.setdefault(copy.content, []).append(_said(copy))
    return sum(len(each) for each in said.values() if len(set(each)) > 1)


def _alike(exact: int, found: int) -> str:
    """How those found are like one with another target."""
    if exact == found:
        return "share their content with one that has another target"
    if not exact:
        return "are nearly the same as one that has another target"
    return f"are like one that has another target ({exact:,} exactly and {found - exact:,} nearly)"


def _step(exact: int, found: int) -> str:
    if exact == found:
        return "Look at these examples, keep the right target of each and remove the other copies."
    return (
        "Look at these examples: where they show the same, keep the right target and remove the other copies; those "
        "that differ in what matters may have different targets."
    )


def _said(copy: Copy) -> str:
    """The target as text; several labels in any order are the same target, several are looked at one by one."""
    target: Any = copy.target
    if isinstance(target, Mapping):
        return ""
    if isinstance(target, list | tuple | set | frozenset):
        return repr(sorted(map(str, target)))
    return repr(str(plain(target)))


def _disagreeing(family: Family) -> tuple[Copy, Copy]:
    """The first, and the first that says otherwise."""
    said = _said(family[0])
    return family[0], next(copy for copy in family if _said(copy) != said)


def _scored(family: Family) -> list[FindingExample]:
    """Each beside the first copy that says otherwise: one of two, however many there are."""
    said = [_said(copy) for copy in family]
    agreeing, first = Counter(said), said[0]
    one, other = (f"like {copy.id}, which is {_said(copy)}" for copy in _disagreeing(family))
    return [
        FindingExample(copy.id, 1 - agreeing[own] / len(family), other if own == first else one)
        for copy, own in zip(family, said, strict=True)
    ]
