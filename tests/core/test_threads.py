"""Work in threads: in order, several at once where there are processors, and errors come through."""

from __future__ import annotations

import math
import os
import threading
import time
from concurrent.futures import Future
from pathlib import Path

import pytest

from headstart.core import threads
from headstart.core.threads import FEW_NUMBERS, check_wanted, processors, quota, spread, workers


@pytest.mark.parametrize("count", [1, 2, 16])
def test_it_is_map(count: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(threads, "processors", lambda: count)
    assert spread(lambda n: n * n, range(20)) == [n * n for n in range(20)]
    assert spread(str, []) == []
    with pytest.raises(ZeroDivisionError):
        spread(lambda n: 1 / n, [2, 1, 0])


def test_half_of_the_processors_work_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(threads, "processors", lambda: 8)
    meet = threading.Barrier(4, timeout=10)
    assert len(set(spread(lambda _: (meet.wait(), threading.get_ident())[1], range(4)))) == 4


def test_one_item_needs_no_thread(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(threads, "processors", lambda: 8)
    assert spread(lambda _: threading.get_ident(), [0]) == [threading.get_ident()]


def test_processors_are_those_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    monkeypatch.setattr(threads, "QUOTAS", tmp_path)
    assert processors() == 3


@pytest.mark.parametrize(
    ("files", "allowed", "used"),
    [
        ({"cpu.max": "max 100000\n"}, math.inf, 8),
        ({"cpu.max": "250000 100000\n"}, 2.5, 3),
        ({"cpu.max": "50000 100000\n"}, 0.5, 1),
        ({"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2.0, 2),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, math.inf, 8),
        ({"cpu.max": "\n"}, math.inf, 8),
        ({}, math.inf, 8),
    ],
)
def test_a_container_uses_no_more_processors_than_it_has_the_time_of(
    files: dict[str, str], allowed: float, used: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(threads, "QUOTAS", tmp_path)
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    assert (quota(), processors()) == (allowed, used)


@pytest.mark.parametrize(("known", "expected"), [(6, 6), (None, 1)])
def test_where_a_system_does_not_say_these_all_are_counted(
    known: int | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: known)
    assert processors() == expected


def test_many_numbers_are_worked_on_one_after_the_other() -> None:
    started: list[int] = []
    with workers(2, FEW_NUMBERS + 1) as at_once:
        first = at_once.submit(started.append, 1)
        assert started == [1]
        assert at_once.submit(threading.get_ident).result() == threading.get_ident()
        failed = at_once.submit(int, "one")
    assert first.result() is None
    with pytest.raises(ValueError, match="one"):
        failed.result()


def test_few_numbers_are_worked_on_in_threads() -> None:
    with workers(1, FEW_NUMBERS) as beside:
        assert beside.submit(threading.get_ident).result() != threading.get_ident()


def long(begun: threading.Event) -> None:
    """100 seconds of work, were nobody to ask whether it is still wanted."""
    begun.set()
    for _ in range(10_000):
        check_wanted()
        time.sleep(0.01)


def test_after_an_error_what_was_not_begun_is_dropped() -> None:
    begun, ran, later = threading.Event(), list[int](), list[Future[None]]()

    def interrupted() -> None:
        with workers(1, FEW_NUMBERS) as beside:
            beside.submit(long, begun)
            later.append(beside.submit(ran.append, 1))
            assert begun.wait(10)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert later[0].cancelled()
    assert ran == []


def test_an_error_after_work_that_was_done_at_once_comes_through() -> None:
    def interrupted() -> None:
        with workers(1, FEW_NUMBERS + 1) as at_once:
            at_once.submit(int, "1")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()


def test_what_was_begun_ends_soon_after_ctrl_c() -> None:
    begun = threading.Event()

    def interrupted() -> None:
        with workers(1, FEW_NUMBERS) as beside:
            beside.submit(long, begun)
            assert begun.wait(10)
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - began < 50
    check_wanted()  # of other threads it says nothing
    with workers(1, FEW_NUMBERS) as beside:
        beside.submit(check_wanted).result()
