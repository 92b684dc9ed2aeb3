"""Arrays that adjoin are joined where they lie; all others are copied, and nobody can tell."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from headstart.core.arrays import bytes_of, joined

WHOLE = np.arange(30.0).reshape(10, 3).copy()


@pytest.mark.parametrize("cuts", [(0, 4, 10), (0, 10), (2, 5, 5, 9)])
def test_neighbours_are_one_without_a_copy(cuts: tuple[int, ...]) -> None:
    parts = [WHOLE[start:stop] for start, stop in itertools.pairwise(cuts)]
    found = joined(parts)
    np.testing.assert_array_equal(found, np.concatenate(parts))
    assert np.shares_memory(found, WHOLE)


@pytest.mark.parametrize(
    "parts",
    [
        [WHOLE[:4], WHOLE[5:]],
        [WHOLE[4:], WHOLE[:4]],
        [WHOLE[:4], WHOLE[4:].copy()],
        [WHOLE.copy(), WHOLE],
        [WHOLE[:4, :2], WHOLE[4:, :2]],
        [WHOLE[::2]],
        [np.zeros((0, 3)), WHOLE],
    ],
    ids=["gap", "turned", "copy", "two", "columns", "stride", "none"],
)
def test_others_are_copied(parts: list[np.ndarray]) -> None:
    found = joined(parts)
    np.testing.assert_array_equal(found, np.concatenate(parts))
    assert not np.shares_memory(found, WHOLE)


def test_bytes_are_those_of_the_rows_in_order() -> None:
    assert bytes(bytes_of(WHOLE)) == WHOLE.tobytes()
    assert bytes(bytes_of(WHOLE.T)) == WHOLE.T.tobytes()
    assert bytes(bytes_of(np.zeros((0, 3)))) == b""
