"""Features of photos: CPU milliseconds an image and images a second, each engine against the plain eager loop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from target import Target

from lines._engines import BATCH, PLAIN, engines, features
from lines._row import Row, Side
from lines._work import Work, interleaved

EXTRAS = ("openvino", "onnx_runtime")
"""Engines that an extra of the package brings; the table asks more of them."""

MOST_PICTURES = 256
CLOSE = 1e-5
"""Largest difference from the plain loop, absolute, over the activations of all depths."""


def measure(work: Work) -> Iterator[Row]:
    """Two rows an engine; the best with the extras and the best without them carry the targets."""
    pictures = work.few[:MOST_PICTURES]
    names = ["", *engines(work)]
    files = {name: work.folder(f"{name or 'plain'}.npy") for name in names}
    sides = {name or PLAIN: (lambda name=name: features(work, name, pictures, files[name])) for name in names}
    found = interleaved(work.repeats, sides)
    plain = _side(PLAIN, found.pop(PLAIN))
    ours = {name: _side(name, runs) for name, runs in found.items()}
    prepare = {name: min(run["prepare"] for run in runs) for name, runs in found.items()}
    difference = {name: _difference(files[name], files[""]) for name in ours}
    targets = {
        _fastest(ours, [name for name in ours if name in EXTRAS]): (Target(8.5), Target(4, at_least=True)),
        _fastest(ours, [name for name in ours if name not in EXTRAS]): (Target(10), Target(2.5, at_least=True)),
    }
    for name, side in ours.items():
        milliseconds, rate = targets.get(name, (None, None))
        away, share = difference[name]
        note = f"max difference {away:.1e} (of the largest {share:.1e}); prepared in {prepare[name]:.1f} s"
        extra = {"difference": away, "relative_difference": share, "prepare": prepare[name], "batch": BATCH}
        if work.device != "cpu":
            milliseconds = None
        per_image, what = 1000 * side.cpu_seconds, f"features by {name}: CPU ms an image"
        yield Row("features", what, side, plain, per_image, milliseconds, "ms", away <= CLOSE, note, extra)
        ratio = plain.seconds / side.seconds
        what = f"features by {name} / plain eager: images a second"
        yield Row("features", what, side, plain, ratio, rate, "", away <= CLOSE, f"{1 / side.seconds:.1f} a second")


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
