"""A stopwatch with named laps, and durations as people write them."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterator

from headstart.core.errors import UsageError


class Stopwatch:
    """Adds up wall-clock seconds under names (``decode``, ``forward``, ``train``), those of all threads together."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = defaultdict(float)
        self._start = time.perf_counter()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def lap(self, name: str) -> Iterator[None]:
        """Count the block's seconds under `name`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self.laps[name] += time.perf_counter() - start

    def credit(self, seconds: float) -> None:
        """Count `seconds` that an interrupted run before this one took."""
        self._start -= seconds

    @property
    def total(self) -> float:
        """Seconds since the stopwatch was made, and those credited."""
        return time.perf_counter() - self._start


OVERRUN, NOTICED = 0.1, 5.0
"""A share of the budget, and seconds: who takes more than both beyond it has clearly overrun it."""

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def parse_duration(text: str) -> float:
    """Seconds in ``90``, ``90s``, ``10m``, ``1.5h``.

    Raises
    ------
    UsageError : not a positive duration.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", text.lower())
    if not match or match[2] not in _UNITS or float(match[1]) <= 0:
        raise UsageError(f"{text!r} is not a duration. Write for example 90s, 10m or 1.5h.")
    return float(match[1]) * _UNITS[match[2]]


def in_seconds(duration: str | float) -> float:
    """A duration that :func:`parse_duration` reads, or seconds as they are."""
    return parse_duration(duration) if isinstance(duration, str) else float(duration)


def say_duration(seconds: float) -> str:
    """``0.4`` → ``0.4 s``, ``75`` → ``1 min 15 s``, ``4000`` → ``1 h 7 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(round(seconds / 60), 60)
    return f"{hours} h {rest} min"


def say_taken(seconds: float, budget: float) -> str:
    """``5 min 22 s``, and ``5 min 22 s, of a budget of 1 min`` where that is clearly more than was allowed."""
    over = seconds - budget
    clearly = over > max(OVERRUN * budget, NOTICED)
    return f"{say_duration(seconds)}, of a budget of {say_duration(budget)}" if clearly else say_duration(seconds)
