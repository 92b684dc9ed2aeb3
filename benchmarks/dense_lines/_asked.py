"""What a measurement of dense targets is asked for, and the rows that it answers with."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Asked:
    """Folders of the data sets and of the backbones, the seeds, and how much of it.

    Attributes
    ----------
    seconds : that each side may take; None for the measurement's own.
    sets : those to measure; empty for all of a measurement.
    starts : of detectors, those to measure; empty for all.
    """

    data: Path
    backbones: Path
    seeds: Sequence[int]
    seconds: float | None = None
    sets: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()

    def of(self, known: Iterable[str]) -> list[str]:
        """Which of the sets that a measurement knows are to be measured."""
        return among(known, self.sets)

    @contextlib.contextmanager
    def workplace(self) -> Iterator[Path]:
        """A folder that goes in the end, with an empty store in it; the backbones asked for are at hand."""
        os.environ["HEADSTART_MODELS"] = str(self.backbones)
        with tempfile.TemporaryDirectory(prefix="headstart-dense-") as folder:
            os.environ["HEADSTART_CACHE"] = str(Path(folder, "cache"))
            yield Path(folder)


def among(known: Iterable[str], wanted: Sequence[str]) -> list[str]:
    """Those of `known` that are wanted; all where none is named."""
    return [name for name in known if not wanted or name in wanted]


def row(
    measured: str, name: str, seed: int, figure: str, value: float, must: str = "", note: str = ""
) -> dict[str, Any]:
    """A row of the table; `must` is a bound that its value is to keep."""
    known = {"planted": measured, "set": name, "seed": seed, "figure": figure}
    return {**known, "value": float(value), "must": must, "note": note}
