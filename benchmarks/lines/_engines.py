"""Runs the feature loop under every engine that can run here, and says which is the fastest."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from lines._processes import child
from lines._work import Work, interleaved

PLAIN = "plain eager, batch 32"
BATCH, PLAIN_BATCH = 8, 32
BATCHES = (BATCH // 2, BATCH)
"""Those between which the trial of a fit chooses on a CPU."""

TRIED = 64
"""Pictures of the trial that finds the fastest engine."""


def engines(work: Work) -> list[str]:
    """The names of the engines that can run on this machine and device."""
    return list(child(work, "_feature_loop", device=work.device).said["engines"])


def features(work: Work, engine: str, pictures: Sequence[str], into: Path, batch: int = BATCH) -> dict[str, Any]:
    """One pass over `pictures`: seconds, and features in the file `into`; engine "" is the plain loop.

    An engine runs in a process with the settings of the tool, `batch` pictures at once; the plain loop in a bare one,
    with a batch of its own.
    """
    job = {"backbone": str(work.backbone), "device": work.device, "pictures": list(pictures), "features": str(into)}
    job |= {"engine": engine, "batch": batch if engine else PLAIN_BATCH}
    said: dict[str, Any] = child(work, "_feature_loop", bool(engine), **job).said
    return said


def fastest(work: Work, count: int, exact: bool = False) -> str:
    """The engine asked for, or the one that would have `count` pictures done first here, its preparation included.

    It agrees with plain PyTorch, and where it must be `exact` it computes in single precision.
    """
    if work.engine:
        return work.engine
    tried = {name: run for name, run in _trial(work).items() if run["agrees"] and not (exact and run["reduced"])}
    return min(tried, key=lambda name: tried[name]["prepare"] + count * tried[name]["wall"] / tried[name]["count"])


@lru_cache(maxsize=1)
def _trial(work: Work) -> dict[str, dict[str, Any]]:
    """The better of two passes of every engine over a few pictures."""
    pictures, into = work.few[:TRIED], work.folder("trial.npy")
    sides = {name: (lambda name=name: features(work, name, pictures, into)) for name in engines(work)}
    found = interleaved(2, sides)
    return {name: min(runs, key=lambda run: run["wall"]) for name, runs in found.items()}
