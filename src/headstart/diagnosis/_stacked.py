"""Puts what lies split by split into one array over all examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from headstart.core.arrays import joined


def rows_of(ids: Mapping[str, Sequence[str]]) -> list[tuple[str, int]]:
    """(split, place in it) of every example, in the order of :func:`stacked`."""
    return [(split, place) for split, names in ids.items() for place in range(len(names))]


def stacked(arrays: Mapping[str, np.ndarray], ids: Mapping[str, Sequence[str]]) -> np.ndarray | None:
    """(N, …) over the splits of `ids`; None where a split that has examples has no array, or there are none at all.

    It is no copy where the splits are parts of one array, in this order.

    Raises
    ------
    ValueError : an array holds another number of rows than its split has examples.
    """
    parts = []
    for split, names in ids.items():
        if not len(names):
            continue
        if split not in arrays:
            return None
        if len(arrays[split]) != len(names):
            raise ValueError(
                f"the {split} split has {len(names)} examples, but {len(arrays[split])} rows of evidence"
            )
        parts.append(np.asarray(arrays[split]))
    return joined(parts) if parts else None
