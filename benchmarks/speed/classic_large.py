"""The classic recipe by a plain loop on the largest generated set; at 20,000 pictures it takes hours."""

from __future__ import annotations

from collections.abc import Iterator

from speed._classic import compare
from speed._row import Row
from speed._work import Work
from speed.classic import PLAIN


def measure(work: Work) -> Iterator[Row]:
    """One row."""
    yield from compare(work, "classic_large", work.generated(work.sizes[-1]), PLAIN, bound=40)
