"""Kept files: what was used least recently goes first, and nothing half written counts."""

from __future__ import annotations

import os
from pathlib import Path

from headstart.core.kept import Kept


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
    assert [path.name for path in tmp_path.iterdir()] == ["e"], "one larger than all may hold stays alone"


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
