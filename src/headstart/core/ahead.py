"""Works one step ahead: the next item is made in a thread while the current one is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def ahead(make: Callable[[Given], Made], given: Iterable[Given]) -> Iterator[Made]:
    """``map(make, given)``, in order, one item ahead of what is asked for.

    One item is made at a time, and a single one without any thread. What `make` raises is raised where its item is
    asked for.
    """
    items = iter(given)
    first = list(islice(items, 2))
    if len(first) < 2:
        yield from map(make, first)
        return
    with ThreadPoolExecutor(max_workers=1) as pool:
        waiting = pool.submit(make, first[0])
        for item in chain(first[1:], items):
            following = pool.submit(make, item)
            yield waiting.result()
            waiting = following
        yield waiting.result()
