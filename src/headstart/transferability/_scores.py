"""Asks every transferability score that can answer: those that are given all that they read."""

from __future__ import annotations

from collections.abc import Sequence

from headstart.core.registry import Registry
from headstart.transferability.base import Seen, TransferabilityScore

SCORES = Registry("headstart.transferability", "transferability score")


def scores_of(seen: Seen, names: Sequence[str] | None = None) -> dict[str, float]:
    """Figures by score name, without those that read what is not given.

    Parameters
    ----------
    names : which to ask; all of them where None.

    Raises
    ------
    UsageError : there is no score of one of the `names`; the nearest is offered.
    """
    asked: dict[str, TransferabilityScore] = {name: SCORES.load(name)() for name in names or SCORES.names()}
    return {name: score.score(seen) for name, score in asked.items() if score.can_read(seen)}


def unread(seen: Seen, names: Sequence[str]) -> dict[str, str]:
    """By the name of each score that cannot answer, the first field of :class:`Seen` that it misses."""
    missing = {name: [field for field in SCORES.load(name).reads if getattr(seen, field) is None] for name in names}
    return {name: fields[0] for name, fields in missing.items() if fields}
