"""Items ahead: in order, no more than asked for, and errors where they belong."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from headstart.core.ahead import ahead


def noted(count: int, taken: list[int]) -> Iterator[int]:
    """0, 1, 2, …; what has been asked for is noted."""
    for n in range(count):
        taken.append(n)
        yield n


def test_it_is_map():
    assert list(ahead(lambda n: n * n, range(5))) == [0, 1, 4, 9, 16]
    assert list(ahead(str, [])) == []


def test_the_next_item_is_made_while_this_one_is_used():
    made, taken = {n: threading.Event() for n in range(4)}, list[int]()

    def make(n: int) -> int:
        made[n].set()
        return n

    for n in ahead(make, noted(4, taken)):
        if n < 3:
            assert made[n + 1].wait(5), "the next one is under way"
        assert taken == [0, 1, 2, 3][: n + 2], "but not the one after"


def test_several_items_ahead_are_no_more_than_asked_for():
    made, taken = list[int](), list[int]()
    third = threading.Event()

    def make(n: int) -> int:
        made.append(n)
        if n == 3:
            third.set()
        return n

    items = ahead(make, noted(9, taken), most=3)
    assert next(items) == 0
    assert third.wait(5)
    assert made == taken == [0, 1, 2, 3]
    assert list(items) == list(range(1, 9))


def test_what_has_not_begun_when_nobody_asks_any_more_is_not_begun():
    made: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def make(n: int) -> int:
        made.append(n)
        if n == 1:
            begun.set()
            go_on.wait(5)
        return n

    items = ahead(make, range(9), most=3)
    next(items)
    begun.wait(5)
    threading.Timer(0.1, go_on.set).start()
    items.close()  # type: ignore[attr-defined]
    assert made == [0, 1]


def test_an_error_comes_where_its_item_is_asked_for():
    items = ahead(lambda n: 1 / n, [2, 1, 0])
    assert next(items) == 0.5
    assert next(items) == 1.0
    with pytest.raises(ZeroDivisionError):
        next(items)


def test_a_single_item_needs_no_thread():
    assert list(ahead(lambda _: threading.get_ident(), [0])) == [threading.get_ident()]
