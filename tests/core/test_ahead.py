"""One item ahead: in order, no more than one, and errors where they belong."""

from __future__ import annotations

import threading

import pytest

from headstart.core.ahead import ahead


def test_it_is_map():
    assert list(ahead(lambda n: n * n, range(5))) == [0, 1, 4, 9, 16]
    assert list(ahead(str, [])) == []


def test_the_next_item_is_made_while_this_one_is_used():
    made = {n: threading.Event() for n in range(4)}

    def make(n: int) -> int:
        made[n].set()
        return n

    for n in ahead(make, range(4)):
        if n < 3:
            assert made[n + 1].wait(5), "the next one is under way"
        assert n >= 2 or not made[n + 2].is_set(), "but not the one after"


def test_an_error_comes_where_its_item_is_asked_for():
    items = ahead(lambda n: 1 / n, [2, 1, 0])
    assert next(items) == 0.5
    assert next(items) == 1.0
    with pytest.raises(ZeroDivisionError):
        next(items)


def test_a_single_item_needs_no_thread():
    assert list(ahead(lambda _: threading.get_ident(), [0])) == [threading.get_ident()]
