"""Units, the examples that belong together: each is held out as a whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headstart.core.components import components


def units_of(*links: Sequence[str]) -> np.ndarray:
    """Numbers (N,) of what belongs together: examples that share a name in any of the columns, (N,) strings each."""
    count = len(links[0])
    shared = [np.unique(np.asarray(column, dtype=object).astype(str), return_inverse=True)[1] for column in links]
    if len(shared) == 1:
        return shared[0].ravel()
    starts = count + np.cumsum([0, *map(how_many, shared)])
    ends = np.concatenate([numbers.ravel() + start for numbers, start in zip(shared, starts, strict=False)])
    return components(np.tile(np.arange(count), len(shared)), ends, int(starts[-1]))[:count]


def numbered(units: np.ndarray | None, count: int) -> np.ndarray:
    """(N,) numbers of the units of `count` examples, from 0 in the order in which they appear.

    Where all are relatives each stands for itself, since otherwise none could be held out.

    Parameters
    ----------
    units : (N,) int, the same for relatives; None where each example stands for itself.
    """
    if units is None:
        return np.arange(count)
    _, first, places = np.unique(units, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[places.ravel()] if len(first) > 1 else np.arange(count)


def how_many(numbers: np.ndarray) -> int:
    """The units that there are."""
    return int(numbers.max(initial=-1)) + 1


def rows_of(numbers: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """The places of the examples of the units `chosen`, one unit after the other."""
    rank = np.full(how_many(numbers), -1)
    rank[chosen] = np.arange(len(chosen))
    rows = np.flatnonzero(rank[numbers] >= 0)
    return rows[np.argsort(rank[numbers[rows]], kind="stable")]


def first_share(numbers: np.ndarray, order: np.ndarray, share: float) -> int:
    """How many units of `order` hold this share of the examples, or a little more: at least one, and not all."""
    sizes = np.bincount(numbers)[order].cumsum()
    reached = int(np.searchsorted(sizes, max(1, round(share * len(numbers))))) + 1
    return max(1, min(reached, len(order) - 1))
