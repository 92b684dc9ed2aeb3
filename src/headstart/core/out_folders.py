"""The folder that a command writes: never one that holds something already."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from headstart.core.errors import InputError, UsageError


def check_out(out: Path) -> None:
    """Refuse to overwrite anything.

    Raises
    ------
    InputError : `out` is a file, or a folder that is not empty.
    """
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise InputError(
            f"{out} exists already and is not overwritten. Name another folder with --out, or remove it."
        )


def first_free(name: str, taken: Callable[[Path], bool] = Path.exists) -> Path:
    """`name` in the current directory, or the first of ``name-2``, ``name-3``, … that is not `taken`."""
    for number in range(1, 10_000):
        candidate = Path(name + (f"-{number}" if number > 1 else ""))
        if not taken(candidate):
            return candidate
    raise UsageError(f"there are ten thousand folders {name}-N here; name one with --out")
