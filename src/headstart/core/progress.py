"""What a person sees while waiting: one line per step, and a bar for everything over two seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from headstart.core.timing import say_duration

T = TypeVar("T")

BETWEEN_LINES = 30.0
"""Seconds between two lines in a log file."""


class Progress:
    """Says things on stderr. Silent when `quiet`, so that tests and pipelines stay clean."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet

    def say(self, line: str) -> None:
        """One finished line."""
        if not self.quiet:
            print(line, file=sys.stderr, flush=True)

    def set_aside(self, problems: Iterable[object]) -> None:
        """Name each input that could not be read."""
        for problem in problems:
            self.say(f"  set aside: {problem}")

    def bar(self, items: Iterable[T], total: int, label: str, unit: str = "it") -> Iterator[T]:
        """`items`, with a bar and the time left once two seconds have passed."""
        counter = self.counter(total, label, unit)
        for item in items:
            yield item
            counter.advance()
        counter.close()

    def counter(self, total: int, label: str, unit: str = "it") -> Counter:
        """A bar that is moved by hand; lines now and then where nobody looks at a terminal."""
        if self.quiet:
            return Counter()
        return Bar(total, label, unit) if sys.stderr.isatty() else Lines(total, label, unit)


class Counter:
    """Counts unseen."""

    def advance(self, count: int = 1) -> None:
        """Move on by `count`."""

    def close(self) -> None:
        """The work is done."""


class Bar(Counter):
    """A bar with the time left; it shows once two seconds have passed, and goes when closed."""

    def __init__(self, total: int, label: str, unit: str) -> None:
        from tqdm import tqdm

        self._bar = tqdm(
            total=total,
            desc=f"  {label}",
            unit=f" {unit}",
            delay=2.0,
            file=sys.stderr,
            leave=False,
            dynamic_ncols=True,
            bar_format="{desc} {percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt}{unit}, {remaining} left",
        )

    def advance(self, count: int = 1) -> None:
        self._bar.update(count)

    def close(self) -> None:
        self._bar.close()


class Lines(Counter):
    """For a log file: a line with the time left, twice a minute."""

    def __init__(self, total: int, label: str, unit: str) -> None:
        self._total, self._label, self._unit = total, label, unit
        self._done, self._began = 0, time.monotonic()
        self._said = self._began

    def advance(self, count: int = 1) -> None:
        self._done += count
        now = time.monotonic()
        if now - self._said < BETWEEN_LINES or not self._done:
            return
        self._said = now
        left = (now - self._began) / self._done * max(self._total - self._done, 0)
        share = self._done / max(self._total, 1)
        counts = f"{self._done}/{self._total} {self._unit}"
        print(f"  {self._label} {share:.0%}: {counts}, {say_duration(left)} left", file=sys.stderr, flush=True)
