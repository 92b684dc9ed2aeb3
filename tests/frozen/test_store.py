"""The store: what is written comes back, whole or not at all, under a key of all that it depends on."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from headstart.core.errors import HeadstartError
from headstart.frozen.store import FrontierStore, Space

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


def test_what_a_killed_run_left_half_written_is_ignored(tmp_path: Path):
    space = FrontierStore(tmp_path).space(*KEY)
    space.write(["a"], [example(1)])
    whole = next(space.folder.glob("segment-*"))
    half = space.folder / ".segment-000001-abcdef12.x7"
    shutil.copytree(whole, half)
    (half / "index.json").write_text(json.dumps({"keys": ["b"], "rows": {"hidden": [4]}, "scalars": []}))
    (space.folder / ".segment-000002-abcdef12.x8").mkdir()
    again = FrontierStore(tmp_path).space(*KEY)
    assert "a" in again
    assert "b" not in again


def test_a_failed_write_leaves_no_segment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    space = Space(tmp_path / "space")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(HeadstartError, match="No space left"):
        space.write(["a"], [example(1)])
    assert list(space.folder.iterdir()) == []
    assert "a" not in space


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
