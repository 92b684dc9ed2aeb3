"""Paths as people write them, and names of files as words that any format can hold."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Any


def expanded(path: str | Path) -> Path:
    """The path with ``~`` as the home folder; as it is where no such person is known, as in a cell ``~5 minutes``."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def ending_of(path: str | PurePath) -> str:
    """The ending of a name in lower case, with its dot; a number is none, as the last of a UID, ``1.2.840.78``."""
    suffix = PurePath(path).suffix.lower()
    return "" if suffix[1:].isdigit() else suffix


def without_ending(path: PurePath) -> PurePath:
    """The path without its :func:`ending_of`."""
    return path.with_name(path.name[: len(path.name) - len(ending_of(path))]) if ending_of(path) else path


def legible(name: Any) -> Any:
    """Strings that UTF-8 can hold, also in lists and in values of dicts; anything else as it is.

    A file name of other bytes, as from an old archive, holds a lone surrogate for each byte that is no UTF-8. Those
    are written ``\\udce9``.
    """
    if isinstance(name, str):
        return name if name.isascii() else name.encode("utf-8", "backslashreplace").decode()
    if type(name) in (list, tuple):
        return type(name)(legible(each) for each in name)
    if isinstance(name, dict):
        return {key: legible(each) for key, each in name.items()}
    return name
