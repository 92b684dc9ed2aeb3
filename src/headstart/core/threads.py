"""Does independent work in a few threads, as many as this process may use processors."""

from __future__ import annotations

import contextlib
import math
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")

MOST = 8
"""Threads beyond which decoding waits for the disk and the interpreter, not for processors."""

QUOTAS = Path("/sys/fs/cgroup")
"""Where Linux tells what share of the processors a container may use."""

FEW_NUMBERS = 2**23
"""In single precision 32 MiB."""

_OF_THIS_THREAD = threading.local()


class NoLongerWanted(BaseException):
    """Whoever handed in the work has left after an error, or was interrupted."""


def check_wanted() -> None:
    """To be called now and then within long work that :func:`workers` may do.

    Raises
    ------
    NoLongerWanted : nobody waits for it any more.
    """
    left: threading.Event | None = getattr(_OF_THIS_THREAD, "left", None)
    if left is not None and left.is_set():
        raise NoLongerWanted


def processors() -> int:
    """Processors that this process may run on, as many as a container's quota gives the time of."""
    some = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(some, quota())))


def quota() -> float:
    """Processors whose time the control group allows (``docker run --cpus``); infinity where it sets no bound.

    The kernel's documentation: ``cpu.max`` of version 2 holds "quota period" or "max period", version 1 a file each,
    with -1 for none.
    """
    with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
        most, every = _said("cpu.max").split()
        return math.inf if most == "max" else int(most) / int(every)
    with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
        allowed, period = (int(_said(f"cpu/cpu.cfs_{name}_us")) for name in ("quota", "period"))
        return allowed / period if allowed > 0 else math.inf
    return math.inf


def _said(name: str) -> str:
    with open(QUOTAS / name, encoding="utf-8") as file:
        return file.read()


def spread(make: Callable[[Given], Made], given: Sequence[Given], alone: bool = False) -> list[Made]:
    """``[make(item) for item in given]``, in order, on half of the processors: the network runs on the others.

    With `alone` nothing else runs meanwhile, and all processors are used. What `make` raises is raised here.
    """
    threads = min(MOST, processors() if alone else processors() // 2, len(given))
    if threads < 2:
        return [make(item) for item in given]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(make, given))


@contextlib.contextmanager
def workers(threads: int, numbers: int) -> Iterator[Executor]:
    """Who does work, beside that of whoever hands it in, on so many `numbers`.

    Threads where they are few. Of many there would be several copies at once, so each work is done when it is
    handed in. All is finished at the end; after an error, or Ctrl-C, what was not begun is dropped, and what was ends
    where it next calls :func:`check_wanted`.
    """
    left = threading.Event()
    pool = AtOnce() if numbers > FEW_NUMBERS else ThreadPoolExecutor(threads, "", _works_until, (left,))
    try:
        yield pool
    except BaseException:
        left.set()
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()


def _works_until(left: threading.Event) -> None:
    """Let this thread know by what it is told that nobody waits for it any more."""
    _OF_THIS_THREAD.left = left


class AtOnce(Executor):
    """Does what is handed in before it goes on."""

    def submit(self, fn: Callable[..., Made], /, *args: Any, **kwargs: Any) -> Future[Made]:
        """The finished work; what it raises is raised when its result is asked for."""
        done: Future[Made] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done
