"""Counts and shares as people write them: 30M, 1.5 k, 2B; 2%, 0.02; and how many more than those named."""

from __future__ import annotations

import re
from collections.abc import Sequence

from headstart.core.errors import UsageError

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9}


def parse_count(text: str) -> int:
    """A number in ``30M``, ``1.5 k``, ``2B`` (a billion) or ``100000``.

    Raises
    ------
    UsageError : not a positive count.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", text.lower())
    if not match or match[2] not in _UNITS or float(match[1]) * _UNITS[match[2]] < 1:
        raise UsageError(f"{text!r} is not a count. Write for example 500k, 30M or 1.5B.")
    return int(float(match[1]) * _UNITS[match[2]])


def parse_share(text: str) -> float:
    """A share in ``2%``, ``0.5 %`` or ``0.02``.

    Raises
    ------
    UsageError : not a share from 0 to 1.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*(%?)\s*", text)
    share = float(match[1]) / (100 if match[2] else 1) if match else -1.0
    if not 0 <= share <= 1:
        raise UsageError(f"{text!r} is not a share. Write for example 2% or 0.02.")
    return share


def say_count(count: int) -> str:
    """``3_538_984`` → ``3.5 M``, ``280_000`` → ``280 k``, ``12`` → ``12``."""
    for unit, name in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        if count >= 0.9995 * unit:
            return (f"{count / unit:.1f}" if unit > 10**3 else f"{count / unit:.0f}") + f" {name}"
    return str(count)


def first_few(names: Sequence[str], most: int = 5) -> str:
    """``a, b, c and 1,204 more``: at most so many names."""
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")
