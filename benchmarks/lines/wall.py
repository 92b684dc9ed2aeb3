"""Wall seconds of a cold fit on many pictures against few: they must grow no faster than the number."""

from __future__ import annotations

from collections.abc import Iterator

from target import Target

from lines._growth import grown, needs_two_sizes
from lines._row import Row, Side
from lines._work import Work

SLACK = 1.05
"""The issue's 10.5 for ten times as many pictures."""


def measure(work: Work) -> Iterator[Row]:
    """One row."""
    if needs_two_sizes(work):
        return
    few, many = grown(work)
    one = Side.of(f"{work.sizes[-1]} images", [fit.run for fit in many])
    other = Side.of(f"{work.sizes[0]} images", [fit.run for fit in few])
    target = Target(SLACK * work.sizes[-1] / work.sizes[0])
    what = f"wall at {work.sizes[-1]} images / wall at {work.sizes[0]}"
    note = f"CPU ratio {one.cpu_seconds / other.cpu_seconds:.2f}"
    yield Row("wall", what, one, other, one.seconds / other.seconds, target, note=note)
