"""Duplicates: the same example, or nearly the same, occurs more than once within one split."""

from __future__ import annotations

from collections.abc import Iterator

from headstart.core.results import Finding, FindingExample, Severity
from headstart.diagnosis._copies import Copy, families, kinds
from headstart.diagnosis._counting import counted, share
from headstart.diagnosis.base import Diagnosis, Evidence

WARNING_SHARE = 0.05


class Duplicates(Diagnosis):
    """Looks for copies within a split, exact or near; ``leakage`` looks for those across splits.

    They count twice in training and in figures, but deceive nobody: information, and a warning when more than 5 % of
    the split could go. The score of an example is how alike its nearest copy is: 1 for the same content.
    """

    def examine(self, evidence: Evidence) -> list[Finding]:
        found = families(evidence)
        within = {split: [[c for c in family if c.split == split] for family in found] for split in evidence.ids}
        return [finding for split, groups in within.items() for finding in _repeated(evidence, split, groups)]


def _repeated(evidence: Evidence, split: str, groups: list[list[Copy]]) -> Iterator[Finding]:
    groups = [group for group in groups if len(group) > 1]
    if not groups:
        return
    others = {copy.id: group[group[0] is copy].id for group in groups for copy in group}
    copies = sorted((copy for group in groups for copy in group), key=lambda copy: -copy.likeness)
    total, spare = len(evidence.ids[split]), len(copies) - len(groups)
    severity: Severity = "warning" if spare > WARNING_SHARE * total else "info"
    first, second = groups[0][:2]
    yield Finding(
        "duplicates",
        severity,
        f"{counted(len(copies), f'{split} example')} of {total:,} ({share(len(copies), total)}) are alike "
        f"({kinds(copies)}), e.g. {first.id} and {second.id}: {spare:,} could go and nothing would be lost.",
        [FindingExample(copy.id, copy.likeness, f"like {others[copy.id]}") for copy in copies],
        "Keep one of each, unless how often an example occurs means something.",
    )
