"""Leakage: examples that judge the model have copies, exact or nearly so, among those it learned from."""

from __future__ import annotations

from headstart.core.results import Finding, FindingExample
from headstart.diagnosis._copies import Copy, Family, families, kinds
from headstart.diagnosis._counting import counted, share
from headstart.diagnosis.base import Diagnosis, Evidence

SERIOUS_SHARE = 0.01
_SEEN_BEFORE = {"validation": ("train",), "test": ("train", "validation")}


class Leakage(Diagnosis):
    """Looks for validation examples with a copy in training, and test examples with one in either.

    Copies are examples of the same content, texts that differ in case, spacing or punctuation, and pictures that were
    re-compressed, resized, slightly cropped or mirrored. Serious when they are more than 1 % of their split, else a
    warning. The score of an example is how alike its nearest copy is: 1 for the same content.
    """

    def examine(self, evidence: Evidence) -> list[Finding]:
        found = families(evidence)
        return [finding for split in _SEEN_BEFORE if (finding := _repeated(evidence, found, split))]


def _repeated(evidence: Evidence, found: list[Family], split: str) -> Finding | None:
    earlier = _SEEN_BEFORE[split]
    leaking = [family for family in found if any(copy.split in earlier for copy in family)]
    judged = sorted(
        ((copy, _seen(family, earlier)) for family in leaking for copy in family if copy.split == split),
        key=lambda pair: -pair[0].likeness,
    )
    if not judged:
        return None
    total, copies = len(evidence.ids[split]), [copy for copy, _ in judged]
    return Finding(
        "leakage",
        "serious" if len(copies) > SERIOUS_SHARE * total else "warning",
        f"{counted(len(copies), f'{split} example')} of {total:,} ({share(len(copies), total)}) also "
        f"{'occurs' if len(copies) == 1 else 'occur'} in {' or '.join(earlier)} ({kinds(copies)}), so the {split} "
        f"figures are better than they should be{_instance(leaking, split, earlier)}.",
        [FindingExample(copy.id, copy.likeness, f"like {seen.id}") for copy, seen in judged],
        "Remove the copies from one side, or divide the examples with --split anew, which keeps copies together.",
    )


def _instance(leaking: list[Family], split: str, earlier: tuple[str, ...]) -> str:
    family = next(family for family in leaking if any(copy.split == split for copy in family))
    here = next(copy for copy in family if copy.split == split)
    return f", e.g. {here.id} and {_seen(family, earlier).id}"


def _seen(family: Family, earlier: tuple[str, ...]) -> Copy:
    """The first of a family among the examples that were learned from."""
    return next(copy for copy in family if copy.split in earlier)
