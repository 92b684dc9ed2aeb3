"""Eviction: the store stays within its limit, the least recently used goes first, and what is in use stays."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from headstart.core import in_use as marks
from headstart.core.errors import UsageError
from headstart.core.in_use import Mark, in_use
from headstart.core.kept import KEPT, beside
from headstart.frozen import eviction, holdings
from headstart.frozen.eviction import DiskBudget, clear
from headstart.frozen.holdings import survey

KB = 1000
NOW = time.time()


def space(store: Path, name: str, *segments: int, days_ago: float = 0.0) -> Path:
    """A space called `name` * 32 of segments of so many kB each (and of nothing else that counts), used then."""
    folder = store / (name * 32)
    for i, size in enumerate(segments):
        path = folder / f"segment-{i:06d}-x"
        path.mkdir(parents=True)
        (path / "rows.bin").write_bytes(bytes(size * KB))
    (folder / "space.json").touch()
    os.utime(folder / "space.json", (NOW - days_ago * 86_400,) * 2)
    return folder


def sizes(store: Path) -> dict[str, int]:
    """kB by the first letter of a space's name."""
    return {held.folder.name[0]: held.bytes // KB for held in survey(store)}


@contextmanager
def another_process_using(folder: Path) -> Iterator[subprocess.Popen[str]]:
    code = (
        "import sys; from pathlib import Path; from headstart.core.in_use import Mark\n"
        "mark = Mark(Path(sys.argv[1])); print('open', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        yield process
        if process.poll() is None:
            process.communicate("")


def test_the_least_recently_used_goes_first_and_no_more_of_it_than_needed(tmp_path: Path) -> None:
    space(tmp_path, "a", 100, 100, 100, days_ago=2)
    space(tmp_path, "b", 100, 100, 100, days_ago=9)
    space(tmp_path, "c", 100, 100, 100, days_ago=5)
    budget = DiskBudget(tmp_path, 1000 * KB)
    assert budget.make_room(100 * KB)
    assert sizes(tmp_path) == {"a": 300, "b": 300, "c": 300}, "just at the limit"
    assert budget.make_room(250 * KB)
    assert sizes(tmp_path) == {"a": 300, "b": 100, "c": 300}, "150 over: two of the oldest's segments"
    assert [path.name for path in (tmp_path / ("b" * 32)).glob("segment-*")] == ["segment-000002-x"]
    assert budget.make_room(500 * KB)
    assert sizes(tmp_path) == {"a": 300, "c": 200}, "200 over: the last of b, which is then gone, and one of c"


def test_the_small_files_beside_it_count(tmp_path: Path) -> None:
    store = tmp_path / "frontiers"
    space(store, "a", 100, 100)
    budget = DiskBudget(store, 300 * KB)
    assert budget.make_room(100 * KB)
    assert sizes(store) == {"a": 200}
    beside(tmp_path).keep("heads", bytes(50 * KB))
    assert budget.free_bytes == 250 * KB
    assert budget.make_room(100 * KB)
    assert sizes(store) == {"a": 100}
    assert not budget.make_room(260 * KB)


def test_the_small_files_are_counted_anew_only_where_their_folder_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, counted = tmp_path / "frontiers", []
    beside(tmp_path).keep("heads", bytes(50 * KB))
    os.utime(tmp_path / KEPT, (NOW - 60,) * 2)
    scandir = os.scandir

    def noted(folder: Any) -> Any:
        counted.extend([folder] * (folder == tmp_path / KEPT))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", noted)
    budget = DiskBudget(store, 300 * KB)
    assert [budget.make_room(size * KB) for size in (249, 250, 251)] == [True, True, False]
    assert len(counted) == 1
    (tmp_path / KEPT / "curves").write_bytes(bytes(50 * KB))  # as another process does
    assert [budget.make_room(size * KB) for size in (200, 201)] == [True, False]


def test_opening_a_space_makes_it_recent(tmp_path: Path) -> None:
    old = space(tmp_path, "a", 100, days_ago=9)
    space(tmp_path, "b", 100, days_ago=1)
    holdings.note_use(old, {})
    assert [held.folder.name[0] for held in survey(tmp_path)] == ["a", "b"]
    assert DiskBudget(tmp_path, 200 * KB).make_room(50 * KB)
    assert sizes(tmp_path) == {"a": 100}


def test_what_this_process_uses_is_never_removed(tmp_path: Path) -> None:
    mine = space(tmp_path, "a", 100, days_ago=9)
    space(tmp_path, "b", 100)
    budget = DiskBudget(tmp_path, 250 * KB)
    mark = Mark(mine)
    assert budget.free_bytes == 150 * KB
    assert budget.make_room(150 * KB)
    assert sizes(tmp_path) == {"a": 100}
    assert not budget.make_room(151 * KB)
    assert sizes(tmp_path) == {"a": 100}
    del mark
    assert budget.make_room(151 * KB)
    assert sizes(tmp_path) == {}


def test_nothing_goes_in_vain(tmp_path: Path) -> None:
    space(tmp_path, "a", 100)
    assert not DiskBudget(tmp_path, 200 * KB).make_room(201 * KB)
    assert sizes(tmp_path) == {"a": 100}


def test_what_another_process_uses_stays_until_it_ends_even_by_a_kill(tmp_path: Path) -> None:
    theirs = space(tmp_path, "a", 100, days_ago=9)
    with another_process_using(theirs) as process:
        assert in_use(theirs)
        assert clear(tmp_path).in_use == 1
        assert sizes(tmp_path) == {"a": 100}
        process.kill()
        process.wait()
        assert not in_use(theirs)
    assert list(theirs.glob("in-use-*")) == [], "a dead process's mark goes when it is noticed"
    assert clear(tmp_path) == eviction.Cleared(100 * KB, 1, 0)


def test_where_there_are_no_locks_a_mark_is_believed_for_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "_lock", lambda file: None)
    mark = tmp_path / "in-use-elsewhere"
    mark.touch()
    assert in_use(tmp_path)
    os.utime(mark, (NOW - 2 * 86_400,) * 2)
    assert not in_use(tmp_path)


def test_a_space_opened_at_the_last_moment_keeps_its_segment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = space(tmp_path, "a", 100)
    marks = []

    def rename(path: Path, target: Path) -> Path:
        if not marks:
            marks.append(Mark(folder))
        os.rename(path, target)
        return target

    monkeypatch.setattr(Path, "rename", rename)
    assert not DiskBudget(tmp_path, 100 * KB).make_room(50 * KB)
    assert sizes(tmp_path) == {"a": 100}
    assert [path.name for path in folder.glob("segment-*")] == ["segment-000000-x"]


def test_what_the_system_holds_on_to_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held, free = space(tmp_path, "a", 100, days_ago=9), space(tmp_path, "b", 100)
    rename = Path.rename

    def refusing(path: Path, target: Path) -> Path:
        if path.parent == held:
            raise PermissionError(13, "The process cannot access the file", str(path))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refusing)
    assert DiskBudget(tmp_path, 200 * KB).make_room(50 * KB)
    assert (held.exists(), free.exists()) == (True, False)


def test_clearing_removes_all_or_the_old_and_counts_it(tmp_path: Path) -> None:
    space(tmp_path, "a", 100, 50, days_ago=9)
    recent = space(tmp_path, "b", 100, days_ago=6)
    half = recent / ".segment-000001-x.tmp"
    half.mkdir()
    (half / "rows.bin").write_bytes(bytes(7 * KB))
    (tmp_path / "notes").mkdir()
    assert clear(tmp_path, 7 * 86_400) == eviction.Cleared(157 * KB, 1, 0)
    assert sizes(tmp_path) == {"b": 100}
    assert clear(tmp_path) == eviction.Cleared(100 * KB, 1, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["notes"], "what is no space is left alone"
    assert clear(tmp_path / "absent") == eviction.Cleared(0, 0, 0)


def test_without_a_word_it_is_20_gb_or_a_fifth_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    space(tmp_path, "a", 100)
    monkeypatch.delenv("HEADSTART_CACHE_LIMIT", raising=False)
    for free, limit in ((900 * KB, 200 * KB), (10**15, 20 * 10**9)):
        monkeypatch.setattr(holdings, "free_disk", lambda folder, free=free: free)
        assert DiskBudget(tmp_path).limit == limit


def test_what_may_be_written_is_never_more_than_half_the_free_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space(tmp_path, "a", 100)
    monkeypatch.setattr(eviction, "free_disk", lambda folder: 300 * KB)
    assert DiskBudget(tmp_path, 10**9).free_bytes == 250 * KB, "half of 300, and 100 that may go"
    assert DiskBudget(tmp_path, 40 * KB).free_bytes == 40 * KB


def test_the_environment_sets_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADSTART_CACHE_LIMIT", "1.5 GB")
    assert DiskBudget(tmp_path).limit == 1_500_000_000
    monkeypatch.setenv("HEADSTART_CACHE_LIMIT", "20")
    with pytest.raises(UsageError, match="HEADSTART_CACHE_LIMIT: '20'"):
        DiskBudget(tmp_path)


def test_what_another_person_keeps_from_us_is_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A segment half written, perhaps for good after a kill, is its writer's alone."""
    space(tmp_path, "a", 100)
    closed = space(tmp_path, "b", 50) / ".segment-x"
    closed.mkdir()
    look = os.scandir

    def scandir(folder: Any) -> object:
        if isinstance(folder, str | Path) and Path(folder) in (closed, tmp_path / ("c" * 32)):
            raise PermissionError(folder)
        return look(folder)

    space(tmp_path, "c", 10)
    monkeypatch.setattr(holdings.os, "scandir", scandir)
    assert sizes(tmp_path) == {"a": 100, "b": 50}
