"""The classic recipe by a plain loop on the largest generated set; at 20,000 pictures it takes hours."""

from __future__ import annotations

from collections.abc import Iterator

from lines._classic import compare
from lines._row import Row
from lines._work import Work
from lines.classic import PLAIN


def measure(work: Work) -> Iterator[Row]:
    """One row."""
    yield from compare(work, "classic_large", work.generated(work.sizes[-1]), PLAIN, bound=40)
