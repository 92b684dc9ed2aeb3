"""Groups of very different sizes: what is held out is near what was asked, wherever the large ones stand."""

from __future__ import annotations

import itertools

import pytest

from headstart.data.holding_out import Unit, hold_out


def held_of(sizes: list[int], share: float = 0.2) -> list[int]:
    """The sizes of the units that are held out, all of one stratum."""
    firsts = itertools.accumulate(sizes, initial=0)
    units = [Unit(list(range(first, first + size))) for first, size in zip(firsts, sizes, strict=False)]
    held, rest = hold_out(units, ["one"] * sum(sizes), share, {"one": sum(sizes)})
    assert len(held) + len(rest) == len(sizes)
    return [len(unit.members) for unit in held]


@pytest.mark.parametrize("others", [[1] * 61, [1, 2, 3, 4, 5, 6] * 3])
def test_a_group_of_twice_the_aim_is_not_held_out_where_small_ones_reach_it(others: list[int]) -> None:
    """A fifth of about 100 is 20, and 39 is a little nearer to it than nothing."""
    assert sum(held_of([39, *others])) == pytest.approx(0.2 * (39 + sum(others)), abs=1)


def test_a_large_group_is_held_out_where_the_others_do_not_reach_the_aim() -> None:
    """Of 101 a fifth: 1 or 51 is further from it than 26."""
    assert held_of([25, 25, 25, 25, 1]) == [25, 1]


def test_a_small_family_does_not_wait() -> None:
    """Of 200 a fifth is 40: after 38 single ones a family of three is one too many, and nearer to it all the same."""
    assert held_of([1] * 38 + [3] + [1] * 159) == [1] * 38 + [3]
