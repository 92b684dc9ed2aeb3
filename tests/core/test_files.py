"""Whole or not at all; digests against hashlib; where the cache lies."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from headstart.core.errors import HeadstartError
from headstart.core.files import cache_folder, digest, finite, whole_folder, write_json, write_whole


def test_text_that_utf8_cannot_hold_is_written_all_the_same(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"name": "caf\udce9"})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"name": "caf\udce9"}
    assert digest("caf\udce9") != digest("caf\udcea")


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fail_midway(target: Path, error: Exception) -> None:
    with whole_folder(target) as folder:
        (folder / "new").write_text("new")
        raise error


def test_a_folder_appears_when_it_is_whole(tmp_path: Path):
    target = tmp_path / "deep" / "model"
    with whole_folder(target) as folder:
        (folder / "a.txt").write_text("one")
        assert not target.exists()
    assert (target / "a.txt").read_text() == "one"
    assert left(target.parent) == ["model"]
    assert target.stat().st_mode & 0o777 == 0o755


def test_a_folder_is_replaced_and_holds_nothing_of_the_old(tmp_path: Path):
    target = tmp_path / "model"
    for name in ("old", "new"):
        with whole_folder(target) as folder:
            (folder / name).write_text(name)
    assert left(target) == ["new"]
    assert left(tmp_path) == ["model"]


def test_an_error_leaves_the_old_folder_and_nothing_else(tmp_path: Path):
    target = tmp_path / "model"
    with whole_folder(target) as folder:
        (folder / "old").write_text("old")
    with pytest.raises(RuntimeError, match="midway"):
        fail_midway(target, RuntimeError("midway"))
    assert left(target) == ["old"]
    assert left(tmp_path) == ["model"]


def test_a_full_disk_is_said_with_the_path_and_leaves_the_old_folder(tmp_path: Path):
    target = tmp_path / "model"
    target.mkdir()
    with pytest.raises(HeadstartError, match=r"model: could not be written \(No space left on device\)"):
        fail_midway(target, OSError(28, os.strerror(28)))
    assert left(tmp_path) == ["model"]


def test_a_failed_last_rename_puts_the_old_folder_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    target = tmp_path / "model"
    target.mkdir()
    (target / "old").write_text("old")
    rename = Path.rename

    def failing(self: Path, to: Path) -> Path:
        if Path(to) == target and not self.name.endswith(".old"):
            raise OSError(28, os.strerror(28))
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(HeadstartError, match="No space left on device"), whole_folder(target) as folder:
        (folder / "new").write_text("new")
    assert left(tmp_path) == ["model"]
    assert left(target) == ["old"]


def test_a_parent_that_is_a_file_is_said(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HeadstartError, match="could not be written"), whole_folder(tmp_path / "file" / "model"):
        pass
    with pytest.raises(HeadstartError, match="could not be written"):
        write_whole(tmp_path / "file" / "x.txt", "x")


def test_a_file_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    target = tmp_path / "result.json"
    write_whole(target, "café")
    assert target.read_bytes() == b"caf\xc3\xa9"
    monkeypatch.setattr(os, "replace", lambda a, b: (_ for _ in ()).throw(OSError(28, os.strerror(28))))
    with pytest.raises(HeadstartError, match=r"result\.json"):
        write_whole(target, b"new")
    assert target.read_bytes() == b"caf\xc3\xa9"
    assert left(tmp_path) == ["result.json"]


def test_json_has_no_nan_or_infinity(tmp_path: Path):
    write_json(tmp_path / "a.json", {"x": [float("nan"), float("inf"), 1.5], "y": {"z": (float("-inf"), "é")}})
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"x": [None, None, 1.5], "y": {"z": [None, "é"]}}
    assert "é" in text
    assert finite(3) == 3
    assert str(finite({"gain": (-0.0, -0.5)})) == "{'gain': [0.0, -0.5]}", "a nought has no minus"


def test_a_digest_is_sha_256_and_says_where_a_part_ends():
    expected = hashlib.sha256((2).to_bytes(8, "little") + b"ab" + (1).to_bytes(8, "little") + b"c")
    assert digest("ab", b"c") == expected.hexdigest()[:32]
    assert len({digest("ab", "c"), digest("a", "bc"), digest("abc"), digest("abc", ""), digest()}) == 5


def test_the_cache_is_where_the_variable_says_else_the_users(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HEADSTART_CACHE", "/given")
    assert cache_folder() == Path("/given")
    monkeypatch.delenv("HEADSTART_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_folder() == Path("/xdg/headstart")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    assert cache_folder() == Path.home() / ".cache" / "headstart"
