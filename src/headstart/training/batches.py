"""Divides an epoch into batches: shuffled, and examples of similar length together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

POOL = 50
"""Batches that are sorted by length together: enough for little padding, few enough to stay shuffled."""


def shuffled_batches(
    count: int, size: int, random: np.random.Generator, lengths: Sequence[int] | None = None
) -> list[np.ndarray]:
    """Indices of `count` examples in random order, `size` at a time; lengths do not change the number of batches.

    With `lengths`, the shuffled examples are sorted by length within pools of 50 batches, and the batches are
    shuffled again: a batch is padded to its longest member, and a random batch of texts is half padding.
    Batch normalisation needs two examples: a batch of one is given a second from the batch before it.
    """
    order = random.permutation(count)
    if lengths is not None:
        long = np.asarray(lengths)
        pools = [order[start : start + POOL * size] for start in range(0, count, POOL * size)]
        order = np.concatenate([pool[np.argsort(long[pool], kind="stable")] for pool in pools])
    batches = [order[start : start + size] for start in range(0, count, size)]
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-1] = np.concatenate([batches[-1], batches[-2][:1]])
    if lengths is not None:
        batches = [batches[i] for i in random.permutation(len(batches))]
    return batches
