"""Label conflicts: the same input appears with different targets."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from headstart.core.results import Finding, FindingExample
from headstart.diagnosis._counting import counted, share
from headstart.diagnosis.base import Diagnosis, Evidence

SERIOUS_SHARE = 0.01


class LabelConflicts(Diagnosis):
    """Groups the examples of all splits by content, and reports groups whose targets disagree.

    Serious when more than 1 % of all examples are in conflict. The score of an example is the share of its
    copies, itself included, that say otherwise.
    """

    def examine(self, evidence: Evidence) -> list[Finding]:
        groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for fingerprint, identity, target in _examples(evidence):
            groups[fingerprint].append((identity, _comparable(target)))
        conflicts = [group for group in groups.values() if len({target for _, target in group}) > 1]
        if not conflicts:
            return []
        total, found = sum(map(len, groups.values())), sum(map(len, conflicts))
        (first, said), (second, otherwise) = _disagreeing(conflicts[0])
        return [
            Finding(
                "label_conflicts",
                "serious" if found > SERIOUS_SHARE * total else "warning",
                f"{counted(found, 'example')} ({share(found, total)}) share their content with one that has another "
                f"target, e.g. {first} is {said} and {second} is {otherwise}.",
                [example for group in conflicts for example in _scored(group)],
                "Look at these examples, keep the right target of each and remove the other copies.",
            )
        ]


def _examples(evidence: Evidence) -> Iterator[tuple[str, str, Any]]:
    for split, fingerprints in evidence.fingerprints.items():
        yield from zip(fingerprints, evidence.ids[split], evidence.targets[split], strict=True)


def _comparable(target: Any) -> str:
    """The target as text; several labels in any order are the same target."""
    if isinstance(target, list | tuple | set | frozenset):
        return repr(sorted(map(str, target)))
    return repr(str(target))


def _disagreeing(group: list[tuple[str, str]]) -> tuple[tuple[str, str], tuple[str, str]]:
    return group[0], next(member for member in group if member[1] != group[0][1])


def _scored(group: list[tuple[str, str]]) -> list[FindingExample]:
    agreeing = Counter(target for _, target in group)
    return [FindingExample(identity, 1 - agreeing[target] / len(group)) for identity, target in group]
