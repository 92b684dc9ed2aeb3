"""Numbers as files write them, however long, and the JSON that holds them; cuts what is too long to be shown."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from typing import Any


def number(value: Any) -> float | None:
    """A number, also as some tools write one, between quotation marks; None for anything else.

    One beyond the largest that a computer calculates with is infinite, as Python itself reads ``1e999``.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if isinstance(value, int) and value > 0 else -math.inf
    except ValueError:
        return None


def floats(values: Sequence[int | float]) -> tuple[float, ...]:
    """Each as :func:`number` has it; at once where none is too large, for a file may hold millions."""
    try:
        return tuple(map(float, values))
    except OverflowError:
        return tuple(number(value) or 0.0 for value in values)


def whole(text: str) -> int | float:
    """The integer that is written there; infinite where it has more digits than Python reads.

    Raises
    ------
    ValueError : it is no integer.
    """
    try:
        return int(text)
    except ValueError:
        if not text.strip().lstrip("+-").isdecimal():
            raise
        return float(text)


def load_json(text: str) -> Any:
    """What a JSON text holds; integers of thousands of digits are infinite, so that whoever checks them names them.

    Raises
    ------
    json.JSONDecodeError : it is no JSON.
    RecursionError : it is too deeply nested.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:  # Python refuses to read so many digits
        return json.loads(text, parse_int=whole)


def shown(value: Any, longest: int = 40) -> str:
    """A value for a message, cut after so many characters."""
    try:
        return cut(repr(value), longest)
    except ValueError:
        return f"a number of more than {sys.get_int_max_str_digits():,} digits"


def cut(text: str, longest: int = 80) -> str:
    """A text for a message, of at most so many characters."""
    return text if len(text) <= longest else f"{text[:longest]}…"
