"""A whole ``headstart fit`` whose activations are stored already, against the cold one that stored them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from measure import Run
from target import Target

from lines._processes import fit
from lines._row import Row, Side
from lines._work import Work, interleaved


def measure(work: Work) -> Iterator[Row]:
    """One row, on the smallest generated set; each warm fit reads what the cold one before it stored."""
    data = work.small
    caches: list[Path] = []

    def cold() -> Run:
        caches.append(work.folder("cache"))
        return fit(work, data.folder, caches[-1]).run

    found = interleaved(
        work.repeats_at(work.sizes[0]),
        {"fit, cold": cold, "fit, warm": lambda: fit(work, data.folder, caches[-1]).run},
    )
    warm, first = (Side.of(name, found[name]) for name in ("fit, warm", "fit, cold"))
    note = f"CPU ratio {warm.cpu_seconds / first.cpu_seconds:.2f}"
    what = f"fit, warm / fit, cold, {work.sizes[0]} images"
    yield Row("warm", what, warm, first, warm.seconds / first.seconds, Target(0.15), note=note)
