"""What a person sees while waiting: one line per step, and a bar for everything over two seconds."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


class Progress:
    """Says things on stderr. Silent when `quiet`, so that tests and pipelines stay clean."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet

    def say(self, line: str) -> None:
        """One finished line."""
        if not self.quiet:
            print(line, file=sys.stderr, flush=True)

    def bar(self, items: Iterable[T], total: int, label: str, unit: str = "it") -> Iterator[T]:
        """`items`, with a bar and the time left once two seconds have passed."""
        counter = self.counter(total, label, unit)
        for item in items:
            yield item
            counter.advance()
        counter.close()

    def counter(self, total: int, label: str, unit: str = "it") -> Counter:
        """A bar that is moved by hand."""
        return Counter(total, label, unit, self.quiet)


class Counter:
    """A bar with the time left; it shows once two seconds have passed, and goes when closed."""

    def __init__(self, total: int, label: str, unit: str, quiet: bool) -> None:
        from tqdm import tqdm

        self._bar = tqdm(
            total=total,
            desc=f"  {label}",
            unit=f" {unit}",
            delay=2.0,
            file=sys.stderr,
            disable=quiet,
            leave=False,
            dynamic_ncols=True,
            bar_format="{desc} {percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt}{unit}, {remaining} left",
        )

    def advance(self, count: int = 1) -> None:
        """Move on by `count`."""
        self._bar.update(count)

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()
