"""The store: what is written comes back, whole or not at all, under a key of all that it depends on."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from headstart.backbones.base import collate
from headstart.core.errors import HeadstartError, UsageError
from headstart.frozen import store as store_module
from headstart.frozen.holdings import survey
from headstart.frozen.store import FrontierStore, NotStored, Space

KEY = ("weights", "cut", "preprocessing", 0)


def example(seed: int, rows: int = 4) -> dict[str, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    return {
        "hidden": torch.randn(rows, 3, generator=random),
        "mask": torch.randint(0, 9, (rows,), generator=random),
        "level/0": torch.randn((), generator=random),
    }


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[n], b[n]) and a[n].dtype == b[n].dtype for n in a)


def test_ragged_examples_of_several_types_come_back_bit_for_bit(tmp_path: Path):
    examples = [example(i, rows=1 + i) for i in range(5)]
    FrontierStore(tmp_path).space(*KEY).write([f"k{i}" for i in range(5)], examples)
    space = FrontierStore(tmp_path).space(*KEY)
    for i in (3, 0, 4, 1, 2):
        assert same(space.read(f"k{i}"), examples[i])
    assert "k5" not in space


def test_maps_with_their_channels_last_in_memory_come_back(tmp_path: Path):
    rows = [torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(i)).permute(2, 0, 1) for i in range(2)]
    Space(tmp_path / "space").write(["a"], [{"map": rows[0]}])  # a segment of one: nothing to put it in order
    Space(tmp_path / "space").write(["b", "c"], [{"map": row} for row in rows])
    space = Space(tmp_path / "space")
    assert torch.equal(space.read("a")["map"], rows[0])
    assert torch.equal(space.read("b")["map"], rows[0])
    assert torch.equal(space.read("c")["map"], rows[1])


def test_segments_add_up_and_the_first_of_two_equal_keys_stays(tmp_path: Path):
    space = Space(tmp_path / "space")
    space.write(["a"], [example(1)])
    space.write(["b", "a"], [example(2), example(3)])
    assert same(space.read("a"), example(1))
    assert same(space.read("b"), example(2))


def test_every_part_of_the_key_leads_elsewhere(tmp_path: Path):
    store = FrontierStore(tmp_path)
    others = [("w", *KEY[1:]), (KEY[0], "c", *KEY[2:]), (*KEY[:2], "p", KEY[3]), (*KEY[:3], 1)]
    folders = {store.space(*key).folder for key in [KEY, *others]}
    assert len(folders) == 5
    assert store.space(*KEY).folder in folders


def test_half_written_segments_are_ignored_and_go_when_nobody_else_is_there(tmp_path: Path):
    space = FrontierStore(tmp_path).space(*KEY)
    space.write(["a"], [example(1)])
    whole = next(space.folder.glob("segment-*"))
    half = space.folder / ".segment-000001-abcdef12.x7"
    shutil.copytree(whole, half)
    (half / "index.json").write_text((half / "index.json").read_text().replace('"a"', '"b"'))
    (space.folder / ".segment-000002-abcdef12.x8").mkdir()
    beside = FrontierStore(tmp_path).space(*KEY)
    assert "a" in beside
    assert "b" not in beside
    assert half.exists(), "the first space is open: it may be writing this one"
    del space, beside
    again = FrontierStore(tmp_path).space(*KEY)
    assert "a" in again
    assert [path.name for path in again.folder.iterdir() if path.name[0] == "."] == []


@pytest.mark.parametrize("damage", ["cut short", "no rows", "no index", "torn index", "older index"])
def test_a_damaged_segment_is_as_if_it_was_never_written(tmp_path: Path, damage: str):
    space = FrontierStore(tmp_path).space(*KEY)
    space.write(["a"], [example(1)])
    space.write(["b"], [example(2)])
    first = min(space.folder.glob("segment-*"))
    rows, index = first / "rows.bin", first / "index.json"
    if damage == "cut short":
        rows.write_bytes(rows.read_bytes()[:-1])
    elif damage == "older index":
        index.write_text(json.dumps({"keys": ["a"], "rows": {"hidden": [4]}, "scalars": []}))
    elif damage == "torn index":
        index.write_text(index.read_text()[:20])
    else:
        (rows if damage == "no rows" else index).unlink()
    again = FrontierStore(tmp_path).space(*KEY)
    assert "a" not in again
    assert same(again.read("b"), example(2))
    again.write(["a"], [example(1)])
    assert same(FrontierStore(tmp_path).space(*KEY).read("a"), example(1))


def test_a_failed_write_leaves_no_segment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    space = Space(tmp_path / "space")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store_module, "write_segment", full)
    with pytest.raises(HeadstartError, match="No space left"):
        space.write(["a"], [example(1)])
    assert not [path for path in space.folder.iterdir() if "segment" in path.name]
    assert "a" not in space


def test_opening_what_was_never_written_writes_nothing(tmp_path: Path):
    store = FrontierStore(tmp_path / "store")
    assert "a" not in store.space(*KEY)
    assert store.free_bytes > 0
    assert not store.folder.exists()


@pytest.mark.parametrize("varying", [False, True])
def test_many_read_at_once_are_those_read_one_by_one(tmp_path: Path, varying: bool):
    examples = {f"k{i}": example(i, rows=1 + i % 3 if varying else 4) for i in range(12)}
    space = FrontierStore(tmp_path).space(*KEY)
    for start in (0, 5, 7):
        keys = list(examples)[start : start + 5]
        space.write(keys, [examples[key] for key in keys])
    for keys in (list(examples), ["k3"], ["k11", "k2", "k2", "k0", "k1", "k8"], list(examples)[::-1]):
        read = FrontierStore(tmp_path).space(*KEY).read_many(keys)
        assert same(read, collate([examples[key] for key in keys]))


def test_segments_of_different_precision_are_not_mixed_up(tmp_path: Path):
    space = FrontierStore(tmp_path).space(*KEY)
    space.write(["whole"], [{"f0": torch.tensor([1.0, 2.0])}])
    space.write(["half"], [{"f0": torch.tensor([3.0, 4.0], dtype=torch.float16)}])
    assert space.read("half")["f0"].dtype == torch.float16
    assert space.read_many(["half", "whole"])["f0"].tolist() == [[3.0, 4.0], [1.0, 2.0]]


def test_what_was_read_is_the_readers_own(tmp_path: Path):
    space = FrontierStore(tmp_path).space(*KEY)
    space.write(["a"], [example(1)])
    space.read("a")["hidden"].zero_()
    assert same(space.read("a"), example(1))


def test_what_vanishes_while_it_is_read_can_be_computed_again(tmp_path: Path):
    space = FrontierStore(tmp_path).space(*KEY)
    space.write(["a"], [example(1)])
    space.write(["b"], [example(2)])
    shutil.rmtree(min(space.folder.glob("segment-*")))
    with pytest.raises(NotStored, match="vanished"):
        space.read_many(["b", "a"])
    assert "a" not in space
    assert same(space.read("b"), example(2))
    with pytest.raises(NotStored, match="example a"):
        space.read("a")
    shutil.rmtree(space.folder)
    space.write(["a"], [example(1)])
    assert same(FrontierStore(tmp_path).space(*KEY).read("a"), example(1))


def test_two_writers_at_once_are_both_read(tmp_path: Path):
    spaces = [FrontierStore(tmp_path).space(*KEY) for _ in range(2)]

    def write(writer: int) -> None:
        for i in range(10):
            spaces[writer].write([f"k{i + 5 * writer}"], [example(i + 5 * writer)])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, range(2)))
    assert "k14" not in spaces[0]
    spaces[0].refresh()
    for space in (spaces[0], FrontierStore(tmp_path).space(*KEY)):
        assert all(same(space.read(f"k{i}"), example(i)) for i in range(15))


def in_processes(*work: Callable[[], None]) -> list[int | None]:
    """Exit statuses of processes that ran `work` at once."""
    processes = [multiprocessing.get_context("fork").Process(target=one) for one in work]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_two_processes_at_once_are_both_read(tmp_path: Path):
    def write(writer: int) -> Callable[[], None]:
        def run() -> None:
            space = FrontierStore(tmp_path).space(*KEY)
            for i in range(10):
                space.write([f"k{i + 5 * writer}"], [example(i + 5 * writer)])

        return run

    assert in_processes(write(0), write(1)) == [0, 0]
    space = FrontierStore(tmp_path).space(*KEY)
    assert all(same(space.read(f"k{i}"), example(i)) for i in range(15))


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_after_a_kill_what_was_finished_is_read_and_the_rest_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def killed() -> None:
        space = FrontierStore(tmp_path).space(*KEY)
        space.write(["a"], [example(1)])
        monkeypatch.setattr(store_module, "write_segment", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        space.write(["b"], [example(2)])

    assert in_processes(killed) == [-signal.SIGKILL]
    (folder,) = tmp_path.iterdir()
    assert len(list(folder.glob(".segment-*"))) == 1
    space = FrontierStore(tmp_path).space(*KEY)
    assert same(space.read("a"), example(1))
    assert "b" not in space
    assert list(folder.glob(".segment-*")) == []


def test_a_limit_that_is_none_is_said_before_anything_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HEADSTART_CACHE_LIMIT", "plenty")
    with pytest.raises(UsageError, match=r"HEADSTART_CACHE_LIMIT: 'plenty' is not a size.*20GB"):
        FrontierStore(tmp_path)
    assert FrontierStore(tmp_path, limit=5).limit == 5


def test_a_write_over_the_limit_is_left_out_and_said_so(tmp_path: Path):
    store = FrontierStore(tmp_path, limit=10_000)
    space = store.space(*KEY)
    big = {"f0": torch.zeros(1000)}
    assert space.write(["a"], [big])
    assert not space.write(["b", "c"], [big, big])
    assert "a" in space
    assert "b" not in space
    held = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    assert 4000 < held < 5000
    assert store.free_bytes == 10_000 - held


def test_new_segments_come_after_all_there_are_whatever_went_before(tmp_path: Path):
    space = FrontierStore(tmp_path).space(*KEY)
    for i in range(3):
        space.write([f"k{i}"], [example(i)])
    del space
    for segment in survey(tmp_path)[0].segments[:2]:
        shutil.rmtree(segment)  # as eviction does
    spaces = [FrontierStore(tmp_path).space(*KEY) for _ in range(2)]
    spaces[0].write(["k3"], [example(3)])
    spaces[1].write(["k4"], [example(4)])  # opened before k3 was there
    indices = [json.loads((segment / "index.json").read_text()) for segment in survey(tmp_path)[0].segments]
    assert [index["keys"] for index in indices] == [["k2"], ["k3"], ["k4"]]


def test_a_space_in_use_stays_recent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    space = FrontierStore(tmp_path).space(*KEY)
    space.write(["a"], [example(1)])
    uses: list[Callable[[], object]] = [lambda: space.read("a"), lambda: space.write(["b"], [example(2)])]

    def used_ago() -> list[float]:
        ago = []
        for use in uses:
            os.utime(space.folder / "space.json", (time.time() - 3600,) * 2)
            use()
            ago.append(round((time.time() - survey(tmp_path)[0].used) / 3600))
        return ago

    assert used_ago() == [1, 1], "said at most once a minute, and it was opened in this one"
    monkeypatch.setattr(store_module, "MINUTE", 0.0)
    assert used_ago() == [0, 0]
    shutil.rmtree(space.folder)
    with pytest.raises(NotStored):
        space.read("a")
    assert not space.folder.exists(), "what a person removed is not made again by reading"


def test_half_precision_takes_half_the_disk_and_is_read_as_single(tmp_path: Path):
    store = FrontierStore(tmp_path)
    numbers = {"ids": torch.arange(4), "f0": torch.linspace(-3, 3, 10_000)}
    whole, half = store.space("w", "whole", "p", 0), store.space("w", "half", "p", 0)
    whole.write(["a"], [numbers])
    half.write(["a"], [numbers], half=True)
    sizes = [sum(f.stat().st_size for f in space.folder.rglob("rows.bin")) for space in (whole, half)]
    assert sizes[0] - sizes[1] == 2 * 10_000
    read = half.read("a")
    assert read["f0"].dtype == torch.float32
    assert torch.equal(read["f0"], numbers["f0"].half().float())
    assert torch.equal(read["ids"], numbers["ids"])
    assert torch.equal(whole.read("a")["f0"], numbers["f0"])


def test_what_half_precision_cannot_hold_stays_single(tmp_path: Path):
    space = FrontierStore(tmp_path).space(*KEY)
    mask = {"mask": torch.tensor([0.0, torch.finfo(torch.float32).min]), "f0": torch.tensor([1.0, float("nan")])}
    space.write(["a"], [mask], half=True)
    assert torch.equal(space.read("a")["mask"], mask["mask"])
    assert space.read("a")["f0"].isnan().tolist() == [False, True]


def test_segments_in_half_and_single_precision_are_read_together(tmp_path: Path):
    space = FrontierStore(tmp_path).space(*KEY)
    space.write(["single"], [{"f0": torch.tensor([70_000.0, 2.0])}], half=True)
    space.write(["half"], [{"f0": torch.tensor([0.5, 4.0])}], half=True)
    assert torch.equal(space.read_many(["half", "single"])["f0"], torch.tensor([[0.5, 4.0], [70_000.0, 2.0]]))
