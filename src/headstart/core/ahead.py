"""Works one step ahead: the next item is made in a thread while the current one is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def ahead(make: Callable[[Given], Made], given: Iterable[Given]) -> Iterator[Made]:
    """``map(make, given)``, in order, one item ahead of what is asked for.

    One item is made at a time. What `make` raises is raised where its item is asked for.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        waiting = None
        for item in given:
            following = pool.submit(make, item)
            if waiting is not None:
                yield waiting.result()
            waiting = following
        if waiting is not None:
            yield waiting.result()
