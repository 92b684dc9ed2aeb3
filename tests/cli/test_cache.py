"""``headstart cache``: what the store holds, for a person and for a program, and clearing it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from headstart.core.kept import kept_files
from headstart.core.sizes import say_size
from headstart.frozen.store import FrontierStore
from small_world import status

DIGEST = "0123456789abcdef" * 2
ZEROS = {"f0": torch.zeros(1000)}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The store of a person without one, who may hold 1 GB."""
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path))
    monkeypatch.setenv("HEADSTART_CACHE_LIMIT", "1GB")
    return tmp_path / "frontiers"


@pytest.fixture
def filled(store: Path) -> Path:
    """Two examples of a plain view used three days ago, and one of an augmented view used half a minute ago."""
    for view, keys, seconds in ((0, ["a", "b"], 3 * 86_400), (1, ["a"], 30)):
        space = FrontierStore(store).space("weights", f"layer-4 {DIGEST}", "224 px", view, about="timm/resnet50")
        space.write(keys, [ZEROS] * len(keys))
        used = time.time() - seconds
        os.utime(space.folder / "space.json", (used, used))
    return store


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_the_table_says_what_is_held_newest_use_first(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("cache") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"Store: {filled}"
    assert lines[1] == f"Holds: {say_size(size(filled))} of at most 1 GB"
    assert lines[3].split() == ["for", "view", "examples", "size", "last", "used"]
    assert lines[4].split()[:5] == ["timm/resnet50", "layer-4", "augmented", "1", "1"]
    assert lines[4].endswith("less than a minute ago")
    assert lines[5].split()[:4] == ["timm/resnet50", "layer-4", "plain", "2"]
    assert lines[5].endswith("3 days ago")
    assert DIGEST not in "".join(lines)


def test_json_says_the_same(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("cache", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["folder"], said["bytes"], said["limit"]) == (str(filled), size(filled), 10**9)
    assert [space["view"] for space in said["spaces"]] == [1, 0]
    plain = said["spaces"][1]
    assert (plain["about"], plain["cut"], plain["examples"]) == ("timm/resnet50", f"layer-4 {DIGEST}", 2)
    assert plain["bytes"] == size(Path(plain["folder"]))
    assert plain["in_use"] is False
    assert plain["last_used"].endswith("+00:00")


def test_an_empty_store_is_not_made_by_looking(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("cache") == 0
    assert capsys.readouterr().out.splitlines() == [f"Store: {store}", "Holds: nothing of at most 1 GB"]
    assert status("cache", "--clear") == 0
    assert "nothing to clear" in capsys.readouterr().out
    assert not store.exists()


def test_clear_says_what_it_freed(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = size(filled)
    assert status("cache", "--clear") == 0
    assert f"Freed {before:,} bytes ({say_size(before)}, 2 spaces)" in capsys.readouterr().out
    assert list(filled.iterdir()) == []


def test_clear_of_what_is_older_keeps_the_rest(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = size(filled)
    assert status("cache", "--clear", "--older-than", "2d", "--json") == 0
    cleared = json.loads(capsys.readouterr().out)
    assert cleared == {
        "folder": str(filled), "freed_bytes": before - size(filled), "spaces_removed": 1, "spaces_in_use": 0,
    }  # fmt: skip
    assert len(list(filled.iterdir())) == 1


def test_clear_keeps_what_is_open_and_says_so(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    space = FrontierStore(filled).space("weights", f"layer-4 {DIGEST}", "224 px", 0)
    assert status("cache") == 0
    assert capsys.readouterr().out.splitlines()[4].endswith("now")
    assert status("cache", "--clear") == 0
    assert "Kept what a running fit has open: 1." in capsys.readouterr().out
    assert torch.equal(space.read("a")["f0"], ZEROS["f0"])


def test_a_space_of_an_older_version_is_listed_and_cleared(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    segment = store / DIGEST / "segment-000000-abc"
    segment.mkdir(parents=True)
    (segment / "index.json").write_text('{"keys": ["a", "b"], "rows": {}, "scalars": []}')
    assert status("cache") == 0
    assert "older version" in capsys.readouterr().out
    assert status("cache", "--clear") == 0
    assert list(store.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "limit", "why"),
    [
        (["--older-than", "7d"], "1GB", "--clear --older-than 7d"),
        (["--clear", "--older-than", "long"], "1GB", "'long' is not a time"),
        ([], "20", "HEADSTART_CACHE_LIMIT: '20' is not a size"),
    ],
)
def test_wrong_usage_is_status_2(
    store: Path,
    arguments: list[str],
    limit: str,
    why: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HEADSTART_CACHE_LIMIT", limit)
    assert status("cache", *arguments) == 2
    assert why in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--json"], ["--clear"]])
def test_it_loads_no_torch(filled: Path, arguments: list[str]) -> None:
    code = (
        f"import sys; from headstart.cli import main; status = main(['cache', *{arguments!r}])\n"
        "sys.exit(status or [name for name in ('torch', 'numpy', 'pandas') if name in sys.modules] or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_small_results_are_counted_and_cleared(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept_files().keep("a head", bytes(2000))
    assert status("cache") == 0
    assert "Beside it: 2 kB of solved heads, findings and other small results" in capsys.readouterr().out
    assert status("cache", "--json") == 0
    assert json.loads(capsys.readouterr().out)["small_results_bytes"] == 2000
    assert status("cache", "--clear") == 0
    capsys.readouterr()
    assert kept_files().bytes == 0


def test_small_results_are_cleared_by_age_too(filled: Path) -> None:
    for name in ("old", "new"):
        kept_files().keep(name, bytes(2000))
    long_ago = time.time() - 8 * 86_400
    os.utime(kept_files().folder / "old", (long_ago, long_ago))
    assert status("cache", "--clear", "--older-than", "7d") == 0
    assert [path.name for path in kept_files().folder.iterdir()] == ["new"]
