"""Cold fits on the smallest and on the largest generated set, shared by what is measured about growth."""

from __future__ import annotations

from functools import lru_cache

from lines._processes import Fit, cold_fit
from lines._work import Work, interleaved


@lru_cache(maxsize=1)
def grown(work: Work) -> tuple[list[Fit], list[Fit]]:
    """Fits on few and on many pictures, in turn; run once for all who ask."""
    few, many = work.generated(work.sizes[0]), work.generated(work.sizes[-1])
    found = interleaved(
        work.repeats_at(work.sizes[-1]),
        {few.name: lambda: cold_fit(work, few.folder), many.name: lambda: cold_fit(work, many.folder)},
    )
    return found[few.name], found[many.name]


def needs_two_sizes(work: Work) -> bool:
    """Whether there is nothing to compare, which is said."""
    if len(work.sizes) < 2:
        print("growth is measured between two sizes: name both, e.g. --sizes 2000,20000")
    return len(work.sizes) < 2
