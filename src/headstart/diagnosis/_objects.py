"""The objects that are marked in inputs, where a target is boxes: several of several classes in one input."""

from __future__ import annotations

from collections.abc import Sequence

from headstart.core.boxes import Box, Boxes
from headstart.core.results import Finding
from headstart.diagnosis._counting import counted
from headstart.diagnosis.base import Evidence


def holds_objects(evidence: Evidence) -> bool:
    """Whether targets are boxes, so that an input has no class of its own."""
    return any(isinstance(target, Boxes) for targets in evidence.targets.values() for target in targets[:1])


def objects(evidence: Evidence, splits: Sequence[str]) -> list[tuple[str, Boxes, Box]]:
    """(id of the input, all that is marked in it, one object that is asked for), of these splits in order."""
    return [
        (identity, target, box)
        for split in splits
        for identity, target in zip(evidence.ids[split], evidence.targets[split], strict=True)
        for box in target
        if box.asked_for
    ]


def not_looked_for(diagnosis: str, what: str, evidence: Evidence) -> list[Finding]:
    """A note, so that silence is not taken for praise."""
    count = sum(len(evidence.ids.get(split, ())) for split in evidence.opened)
    return [
        Finding(
            diagnosis,
            "info",
            f"{what} were not looked for among {counted(count, 'example')}: an input may hold objects of several "
            "classes, and has none of its own.",
            next_step='Look at "Misses and false alarms" in the report of a fit.',
        )
    ]
