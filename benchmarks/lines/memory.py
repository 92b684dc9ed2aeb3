"""Peak resident memory of a cold fit on many pictures against few: it must not grow with their number."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from target import Target

from lines._growth import grown, needs_two_sizes
from lines._row import Row, Side
from lines._work import Work


def measure(work: Work) -> Iterator[Row]:
    """One row; the figure is a ratio of bytes, the sides are the fits in which they were measured."""
    if needs_two_sizes(work):
        return
    few, many = grown(work)
    largest, least = (median(fit.peak for fit in fits) for fits in (many, few))
    one = Side.of(f"{work.sizes[-1]} images", [fit.run for fit in many])
    other = Side.of(f"{work.sizes[0]} images", [fit.run for fit in few])
    what = f"resident memory at {work.sizes[-1]} images / at {work.sizes[0]}"
    note = f"largest process: {largest / 2**20:.0f} MiB / {least / 2**20:.0f} MiB"
    extra = {"peaks": [largest, least]}
    yield Row("memory", what, one, other, largest / least, Target(1.2), note=note, extra=extra)
