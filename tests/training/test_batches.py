"""An epoch's batches: everything once, similar lengths together, never a batch of one."""

from __future__ import annotations

import numpy as np
import pytest

from headstart.training.batches import POOL, shuffled_batches


def random() -> np.random.Generator:
    return np.random.default_rng(3)


@pytest.mark.parametrize("with_lengths", [False, True])
@pytest.mark.parametrize(("count", "size"), [(24, 8), (25, 8), (1, 8), (5, 8), (POOL * 4 + 7, 2)])
def test_every_example_comes_once(count: int, size: int, with_lengths: bool):
    lengths = [i % 5 for i in range(count)] if with_lengths else None
    batches = shuffled_batches(count, size, random(), lengths)
    assert set(np.concatenate(batches).tolist()) == set(range(count))
    assert len(batches) == -(-count // size)
    repeated = sum(map(len, batches)) - count
    assert repeated == int(count % size == 1 and count > 1)
    assert min(map(len, batches)) >= min(2, count)


def test_batches_hold_similar_lengths_but_come_in_random_order():
    lengths = np.array([i * 7 % 100 for i in range(100)])
    batches = shuffled_batches(100, 10, random(), lengths)
    assert max(np.ptp(lengths[batch]) for batch in batches) == 9, "100 different lengths, 10 neighbours a batch"
    shortest = [lengths[batch].min() for batch in batches]
    assert shortest != sorted(shortest)


def test_pools_keep_long_and_short_apart_only_among_their_own():
    count = POOL * 2 * 3
    batches = shuffled_batches(count, 2, random(), list(range(count)))
    assert max(abs(int(a) - int(b)) for a, b in batches) > 2, "a pool is a random part, so neighbours may be absent"


def test_the_same_generator_gives_the_same_batches():
    one, other = (shuffled_batches(30, 4, random(), list(range(30))) for _ in range(2))
    assert [a.tolist() for a in one] == [b.tolist() for b in other]
