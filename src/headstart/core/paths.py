"""Paths as people write them, and names of files as words that any format can hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def expanded(path: str | Path) -> Path:
    """The path with ``~`` as the home folder; as it is where no such person is known, as in a cell ``~5 minutes``."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


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
