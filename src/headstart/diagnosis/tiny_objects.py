"""Tiny objects: boxes so small in their picture that a detector hardly sees them."""

from __future__ import annotations

from collections import Counter

from headstart.core.boxes import Box, Boxes
from headstart.core.results import Finding, FindingExample
from headstart.diagnosis._counting import counted, share
from headstart.diagnosis._objects import holds_objects, objects
from headstart.diagnosis.base import Diagnosis, Evidence

TINY = 1 / 40
"""Of the width or height of the picture: 8 pixels of 320, one place of the finest map that a detector reads."""

WARNING_SHARE = 0.05
_NAMED = 3


class TinyObjects(Diagnosis):
    """Counts the objects whose width or height is less than a fortieth of their picture's.

    A warning when they are more than 5 % of some class, else information. The score of a picture is that of its
    smallest object: one minus its extent as a share of the limit.
    """

    def examine(self, evidence: Evidence) -> list[Finding]:
        if not holds_objects(evidence):
            return []
        found = objects(evidence, [split for split in evidence.opened if split in evidence.ids])
        tiny = [(identity, box, extent) for identity, all_, box in found if (extent := _extent(box, all_)) < TINY]
        if not tiny:
            return []
        scores: dict[str, float] = {}
        for identity, _, extent in tiny:
            scores[identity] = max(scores.get(identity, 0.0), 1 - extent / TINY)
        of_all, small = Counter(box.label for *_, box in found), Counter(box.label for _, box, _ in tiny)
        grave = any(small[label] > WARNING_SHARE * of_all[label] for label in small)
        named = ", ".join(f"{label!r} {n} of {of_all[label]}" for label, n in small.most_common(_NAMED))
        return [
            Finding(
                "tiny_objects",
                "warning" if grave else "info",
                f"{counted(len(tiny), 'object')} of {len(found):,} ({share(len(tiny), len(found))}) are narrower or "
                f"lower than {100 * TINY:g} % of their picture ({named}): less than 8 of 320 pixels.",
                [FindingExample(name, score) for name, score in sorted(scores.items(), key=lambda item: -item[1])],
                "Cut the pictures into overlapping parts in which these are larger, or mark them as difficult.",
            )
        ]


def _extent(box: Box, target: Boxes) -> float:
    """The smaller of width and height, each as a share of the picture's."""
    width, height = target.size
    return min((box.right - box.left) / max(width, 1), (box.bottom - box.top) / max(height, 1))
