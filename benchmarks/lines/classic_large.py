"""The classic recipes on the largest generated set: an epoch of 20,000 pictures is run and counted five times."""

from __future__ import annotations

from collections.abc import Iterator

from lines._classic import compare
from lines._row import Row
from lines._work import Work
from lines.classic import recipes

ONE_EPOCH = 0.0
"""Seconds of budget: five take hours."""


def measure(work: Work) -> Iterator[Row]:
    """A row for each recipe."""
    data = work.generated(work.sizes[-1])
    yield from compare(work, "classic_large", data, recipes(), bound=40, budget=ONE_EPOCH)
