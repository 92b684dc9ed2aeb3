"""Works ahead: the next items are made in a thread while the current one is used."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def ahead(make: Callable[[Given], Made], given: Iterable[Given], most: int = 1) -> Iterator[Made]:
    """``map(make, given)``, in order, up to `most` ≥ 1 items ahead of what is asked for.

    One item is made at a time, and a single one without any thread. What `make` raises is raised where its item is
    asked for.
    """
    items = iter(given)
    first = list(islice(items, 2))
    if len(first) < 2:
        yield from map(make, first)
        return
    items = chain(first, items)
    pool = ThreadPoolExecutor(max_workers=1)
    try:
        waiting = deque(pool.submit(make, item) for item in islice(items, most))
        while waiting:
            waiting.extend(pool.submit(make, item) for item in islice(items, 1))
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)  # after Ctrl-C, what has not begun is not begun
