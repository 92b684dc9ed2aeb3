"""Relatives are numbered as they appear, and cut from others as wholes."""

from __future__ import annotations

import numpy as np

from headstart.core.units import first_share, how_many, numbered, rows_of, units_of


def test_what_shares_a_copy_or_a_group_belongs_together() -> None:
    units = units_of(["p", "p", "q", "r", "s"], ["x", "y", "y", "z", "w"])
    assert units[0] == units[1] == units[2]
    assert len({units[0], units[3], units[4]}) == 3


def test_units_are_numbered_in_the_order_in_which_they_appear() -> None:
    assert numbered(np.array([7, 3, 7, 9, 3]), 5).tolist() == [0, 1, 0, 2, 1]
    assert how_many(np.array([0, 1, 0, 2, 1])) == 3


def test_without_relatives_each_example_stands_for_itself() -> None:
    """Bit for bit what a permutation of the examples gives, whatever the numbers are."""
    assert numbered(None, 4).tolist() == numbered(np.array([5, 1, 8, 2]), 4).tolist() == [0, 1, 2, 3]
    order = np.random.default_rng(0).permutation(20)
    assert rows_of(np.arange(20), order[:7]).tolist() == order[:7].tolist()
    assert [first_share(np.arange(count), np.arange(count), 0.2) for count in (2, 3, 10, 100)] == [1, 1, 2, 20]


def test_where_all_are_relatives_something_can_be_held_out_all_the_same() -> None:
    assert numbered(np.array([4, 4, 4]), 3).tolist() == [0, 1, 2]
    assert (numbered(None, 0).tolist(), how_many(numbered(None, 0))) == ([], 0)


def test_rows_come_unit_after_unit() -> None:
    assert rows_of(np.array([0, 1, 0, 2, 1]), np.array([2, 0])).tolist() == [3, 0, 2]


def test_a_share_is_of_examples_and_leaves_a_unit() -> None:
    numbers = np.repeat(np.arange(3), [1, 7, 2])
    assert first_share(numbers, np.array([0, 2, 1]), 0.2) == 2  # 1 of 10 are too few, 3 are enough
    assert first_share(numbers, np.array([1, 0, 2]), 0.2) == 1
    assert first_share(numbers, np.array([0, 2, 1]), 0.9) == 2
