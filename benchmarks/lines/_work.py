"""What the measurements share: the pictures, the backbone, the device, how often to repeat, and where to write."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import generated
from sets import PICTURES, Set, Split

Got = TypeVar("Got")
LARGE = 10_000
"""Pictures from which on a measurement is not repeated: each takes many minutes."""


@dataclass(eq=False)
class Work:
    """What was asked for on the command line. ``sizes`` are those of the generated sets, rising; ``kept`` holds them.

    ``threads`` 0 leaves the number to every process; ``engine`` empty means the fastest here.
    """

    data: Path
    backbone: Path
    sizes: Sequence[int]
    repeats: int
    device: str
    threads: int
    engine: str
    scratch: Path
    kept: Path
    _names: itertools.count[int] = field(default_factory=itertools.count)

    def folder(self, name: str) -> Path:
        """A path in the scratch folder that nobody used before; nothing is there yet."""
        return self.scratch / f"{next(self._names)}-{name}"

    def repeats_at(self, size: int) -> int:
        """How often to measure on `size` pictures."""
        return 1 if size >= LARGE else self.repeats

    @cached_property
    def vehicles(self) -> Set:
        """The photos of eight kinds of vehicles."""
        return _pictures("vehicles", self.data / "vehicles")

    def generated(self, size: int) -> Set:
        """`size` generated pictures, written at the first call."""
        return _pictures(f"generated_{size}", generated.write(self.kept / f"generated_{size}", size))

    @property
    def small(self) -> Set:
        """The smallest generated set."""
        return self.generated(self.sizes[0])

    @property
    def few(self) -> list[str]:
        """Paths of photos for measurements inside a process: no more than the smallest size."""
        return self.vehicles.train.inputs[: self.sizes[0]]

    @property
    def environment(self) -> Mapping[str, str]:
        """Environment variables of every process, on both sides."""
        threads = {"OMP_NUM_THREADS": str(self.threads)} if self.threads else {}
        return {"HF_HUB_OFFLINE": "1", "HEADSTART_CACHE": str(self.scratch / "cache-of-no-fit"), **threads}


def everything(data: Set) -> list[str]:
    """All pictures of a set, those for the test too."""
    return [*data.train.inputs, *data.test.inputs]


def interleaved(repeats: int, sides: Mapping[str, Callable[[], Got]]) -> dict[str, list[Got]]:
    """Run all `sides` in turn, `repeats` times, so that what else the machine does meets all alike."""
    found: dict[str, list[Got]] = {name: [] for name in sides}
    for turn in range(repeats):
        for name, side in sides.items():
            print(f"  {turn + 1} of {repeats}: {name}", file=sys.stderr, flush=True)
            found[name].append(side())
    return found


def _pictures(name: str, folder: Path) -> Set:
    folder = folder.resolve()
    if not (folder / "train").is_dir():
        raise FileNotFoundError(f"{folder}: no such data set; --data names the folder that holds the sets")
    train, test = (_split(folder / split) for split in ("train", "test"))
    return Set(name, "image", folder, train, test)


def _split(folder: Path) -> Split:
    paths = sorted(path for path in folder.glob("*/*") if path.suffix.lower() in PICTURES)
    return Split([str(path) for path in paths], [path.parent.name for path in paths])
