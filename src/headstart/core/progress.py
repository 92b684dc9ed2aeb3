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
        from tqdm import tqdm

        return iter(
            tqdm(
                items,
                total=total,
                desc=f"  {label}",
                unit=f" {unit}",
                delay=2.0,
                file=sys.stderr,
                disable=self.quiet,
                leave=False,
                dynamic_ncols=True,
                bar_format="{desc} {percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt}, {remaining} left",
            )
        )
