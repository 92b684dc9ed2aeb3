"""Features of photos: CPU milliseconds an image and images a second, each engine against the plain eager loop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from target import Target

from lines._engines import BATCHES, PLAIN, PLAIN_BATCH, engines, features
from lines._row import Row, Side
from lines._work import Work, interleaved

EXTRAS = ("openvino", "onnx_runtime")
"""Engines that an extra of the package brings; the table asks more of them."""

MOST_PICTURES = 256
CLOSE = 1e-5
"""Largest difference from the plain loop, absolute, over the activations of all depths."""


def measure(work: Work) -> Iterator[Row]:
    """Two rows an engine, at its better batch; the best with the extras and the best without carry the targets."""
    measured = _measured(work)
    plain = measured.pop(PLAIN).side
    ours = {name: each.side for name, each in measured.items()}
    single = [name for name, each in measured.items() if not each.reduced]
    targets = {
        _fastest(ours, [name for name in single if name in EXTRAS]): (Target(8.5), Target(4, at_least=True)),
        _fastest(ours, [name for name in single if name not in EXTRAS]): (Target(10), Target(2.5, at_least=True)),
    }
    for name, each in measured.items():
        side, (milliseconds, rate) = each.side, targets.get(name, (None, None))
        if work.device != "cpu":
            milliseconds = None
        per_image, what = 1000 * side.cpu_seconds, f"features by {name}: CPU ms an image"
        yield Row("features", what, side, plain, per_image, milliseconds, "ms", each.close, each.note, each.extra)
        ratio, what = plain.seconds / side.seconds, f"features by {name} / plain eager: images a second"
        yield Row("features", what, side, plain, ratio, rate, "", each.close, f"{1 / side.seconds:.1f} a second")


@dataclass(frozen=True)
class Measured:
    """An engine at one batch: seconds an image, of preparing it, and how far it is from the plain loop.

    Of one of reduced precision ``agrees`` says whether it is trusted nevertheless.
    """

    side: Side
    batch: int
    prepare: float
    reduced: bool
    agrees: bool
    difference: float = 0.0
    share: float = 0.0

    @property
    def close(self) -> bool:
        """Whether it is as close as is asked."""
        return self.agrees if self.reduced else self.difference <= CLOSE

    @property
    def note(self) -> str:
        """The rest, in words."""
        difference = f"max difference {self.difference:.1e} (of the largest {self.share:.1e})"
        return f"batch {self.batch}; {difference}; prepared in {self.prepare:.1f} s"

    @property
    def extra(self) -> dict[str, Any]:
        """The same for the file of results."""
        found = {"difference": self.difference, "relative_difference": self.share}
        return {**found, "prepare": self.prepare, "batch": self.batch}


def _measured(work: Work) -> dict[str, Measured]:
    """The plain loop, and every engine at the batch with which it takes the fewest CPU seconds."""
    pictures = work.few[:MOST_PICTURES]
    asked = {PLAIN: ("", PLAIN_BATCH)}
    asked |= {f"{name}, batch {batch}": (name, batch) for name in engines(work) for batch in BATCHES}
    files = {label: work.folder("features.npy") for label in asked}
    runs = interleaved(
        work.repeats,
        {
            label: lambda label=label, name=name, batch=batch: features(work, name, pictures, files[label], batch)
            for label, (name, batch) in asked.items()
        },
    )
    best: dict[str, Measured] = {}
    for label, (name, batch) in asked.items():
        side, prepare = _side(name or PLAIN, runs[label]), min(run["prepare"] for run in runs[label])
        said = runs[label][0]
        trust = said.get("reduced", False), said.get("agrees", True)
        found = Measured(side, batch, prepare, *trust, *_difference(files[label], files[PLAIN]))
        if (other := best.get(side.name)) is None or side.cpu_seconds < other.side.cpu_seconds:
            best[side.name] = found
    return best


def _side(name: str, runs: list[dict[str, Any]]) -> Side:
    """Seconds an image."""
    return Side(name, [run["wall"] / run["count"] for run in runs], [run["cpu"] / run["count"] for run in runs])


def _fastest(sides: dict[str, Side], names: list[str]) -> str:
    return min(names, key=lambda name: sides[name].seconds, default="")


def _difference(one: Path, other: Path) -> tuple[float, float]:
    """The largest absolute difference, and that over the largest magnitude of `other`."""
    a, b = np.load(one), np.load(other)
    away = float(np.abs(a - b).max())
    return away, away / float(np.abs(b).max())
