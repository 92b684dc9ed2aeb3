"""Sizes on disk as people write them: 500MB, 20 GB."""

from __future__ import annotations

import re

from headstart.core.errors import UsageError

_DECIMAL = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_BINARY = {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
_UNITS = _DECIMAL | _BINARY


def parse_size(text: str) -> int:
    """Bytes in ``500MB``, ``1.5 GB``, ``2GiB`` or ``0``; any other bare number is refused: it may be meant in GB.

    Raises
    ------
    UsageError : not a size.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", text.lower())
    if match and float(match[1]) == 0 and match[2] in ("", *_UNITS):
        return 0
    if not match or match[2] not in _UNITS:
        raise UsageError(f"{text!r} is not a size. Write for example 500MB, 20GB or 1TB.")
    return int(float(match[1]) * _UNITS[match[2]])


def say_size(size: int) -> str:
    """``512`` → ``512 B``, ``1_240_000`` → ``1.2 MB``, ``20_000_000_000`` → ``20 GB``."""
    for unit, name in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= 0.99995 * unit:
            return f"{size / unit:.1f}".removesuffix(".0") + f" {name}"
    return f"{size} B"
