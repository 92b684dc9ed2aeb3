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
