"""Kept files: what was used least recently goes first; what is half written counts, and goes when it is old."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from headstart.core import kept as kept_module
from headstart.core.kept import HOUR, MOST_BYTES, SHARE, Kept, beside


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Folders that were gone over, in turn."""
    gone_over: list[Any] = []
    scandir = os.scandir

    def noted(folder: Any = ".") -> Any:
        gone_over.append(folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", noted)
    return gone_over


def long_ago(path: Path, seconds: float = 2 * HOUR) -> None:
    """Set its time to so many seconds ago."""
    os.utime(path, (time.time() - seconds,) * 2)


def test_what_is_kept_is_read_again(tmp_path: Path):
    kept = Kept(tmp_path / "heads")
    assert kept.read("a") is None
    kept.keep("a", b"head")
    assert Kept(tmp_path / "heads").read("a") == b"head"


def test_the_least_recently_used_goes_and_the_newest_stays(tmp_path: Path):
    kept = Kept(tmp_path, most=20)
    for age, name in enumerate("abc"):
        (tmp_path / name).write_bytes(bytes(6))
        os.utime(tmp_path / name, (1000 + age, 1000 + age))
    assert kept.read("a") == bytes(6)  # used now
    kept.keep("d", bytes(6))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "c", "d"]
    kept.keep("e", bytes(100))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "c", "d"], "one larger than all may hold is none"


def test_they_share_the_limit_of_the_store(tmp_path: Path):
    assert beside(tmp_path, 1000 * SHARE).most == 1000
    assert beside(tmp_path, 10**15).most == beside(tmp_path).most == MOST_BYTES
    kept = beside(tmp_path, 0)
    kept.keep("a", b"head")
    assert kept.bytes == 0


def test_only_what_was_not_used_for_a_time_is_cleared(tmp_path: Path):
    kept = Kept(tmp_path)
    for name in "ab":
        kept.keep(name, bytes(5))
    os.utime(tmp_path / "a", (time.time() - 100, time.time() - 100))
    assert kept.clear(older_than=50) == 5
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_clearing_leaves_what_is_being_written(tmp_path: Path):
    kept = Kept(tmp_path)
    kept.keep("a", bytes(7))
    (tmp_path / ".b.half").write_bytes(bytes(9))
    assert kept.bytes == 16
    assert kept.clear() == 7
    assert [path.name for path in tmp_path.iterdir()] == [".b.half"]
    assert kept.bytes == 9
    assert Kept(tmp_path / "never").clear() == 0


def test_what_a_kill_left_half_written_goes_with_a_clearing(tmp_path: Path):
    (tmp_path / ".b.half").write_bytes(bytes(9))
    long_ago(tmp_path / ".b.half")
    assert Kept(tmp_path).bytes == 9
    assert Kept(tmp_path).clear(older_than=3 * HOUR) == 0
    assert Kept(tmp_path).clear() == 9
    assert list(tmp_path.iterdir()) == []


def test_what_a_kill_left_half_written_goes_with_the_next_write(tmp_path: Path):
    for name in (".a.half", ".b.half"):
        (tmp_path / name).write_bytes(bytes(9))
    long_ago(tmp_path / ".a.half")
    Kept(tmp_path).keep("c", bytes(5))
    assert sorted(path.name for path in tmp_path.iterdir()) == [".b.half", "c"]


def test_a_write_goes_over_the_folder_once(tmp_path: Path, passes: list[Any]):
    kept = Kept(tmp_path, most=20)
    for name in "abc":
        kept.keep(name, bytes(5))
    assert passes == [tmp_path] * 3
    kept.keep("d", bytes(6))
    assert passes == [tmp_path] * 4, "also where some have to go"
    assert kept.bytes == 16


def test_what_they_take_is_counted_anew_where_the_folder_has_changed(
    tmp_path: Path, passes: list[Any], monkeypatch: pytest.MonkeyPatch
):
    kept = Kept(tmp_path)
    Kept(tmp_path).keep("a", bytes(5))
    passes.clear()
    assert [kept.bytes, kept.bytes] == [5, 5]
    assert passes == [tmp_path] * 2, "more may be written before the time of the folder moves on"
    long_ago(tmp_path)
    assert [kept.bytes, kept.bytes] == [5, 5]
    assert passes == [tmp_path] * 3
    Kept(tmp_path).keep("b", bytes(6))  # as another process does
    passes.clear()
    assert kept.bytes == 11
    long_ago(tmp_path)
    assert kept.bytes == 11
    monkeypatch.setattr(kept_module, "BELIEVED", 0.0)
    assert kept.bytes == 11
    assert passes == [tmp_path] * 3, "some systems never set the time of a folder"


def test_a_disk_that_refuses_is_no_error(tmp_path: Path):
    (tmp_path / "heads").write_text("a file in the place of the folder")
    kept = Kept(tmp_path / "heads")
    kept.keep("a", b"head")
    assert kept.read("a") is None
