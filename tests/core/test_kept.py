"""Kept files: what was used least recently goes first, and nothing half written counts."""

from __future__ import annotations

import os
import time
from pathlib import Path

from headstart.core.kept import MOST_BYTES, SHARE, Kept, beside


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
    assert kept.clear() == 7
    assert [path.name for path in tmp_path.iterdir()] == [".b.half"]
    assert Kept(tmp_path / "never").clear() == 0


def test_a_disk_that_refuses_is_no_error(tmp_path: Path):
    (tmp_path / "heads").write_text("a file in the place of the folder")
    kept = Kept(tmp_path / "heads")
    kept.keep("a", b"head")
    assert kept.read("a") is None
