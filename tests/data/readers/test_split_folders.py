"""Split folders: given splits under the names people use."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from headstart.core.errors import InputError
from headstart.data.readers.base import Request
from headstart.data.readers.split_folders import SplitFolders


@pytest.mark.parametrize(
    "names", [("train", "val", "test"), ("Training", "valid", "testing"), ("train", "dev", "TEST")]
)
def test_names_of_splits(tmp_path: Path, make: Any, names: tuple[str, ...]) -> None:
    for name in names:
        make.class_folders(tmp_path / name, {"cat": 2, "dog": 3})
    examples = SplitFolders().read(Request(tmp_path))
    assert Counter(examples.splits or []) == {"train": 5, "validation": 5, "test": 5}
    assert examples.ids[0] == f"{names[0]}/cat/0.png"


def test_classes_without_training_examples_are_named(tmp_path: Path, make: Any) -> None:
    make.class_folders(tmp_path / "train", {"cat": 3, "dog": 1})
    make.class_folders(tmp_path / "test", {"cat": 2, "dog": 2, "eel": 3})
    with pytest.raises(InputError) as raised:
        SplitFolders().read(Request(tmp_path))
    assert "class 'dog': it has one training example, train/dog/0.png" in str(raised.value)
    assert "class 'eel': it has no training example, only 3 in other splits" in str(raised.value)
    assert len(SplitFolders().read(Request(tmp_path, fits=False))) == 11


def test_where_splits_are_dissolved_a_class_may_lie_in_any(tmp_path: Path, make: Any) -> None:
    make.class_folders(tmp_path / "train", {"cat": 3, "dog": 1})
    make.class_folders(tmp_path / "test", {"cat": 2, "dog": 2, "eel": 3})
    (tmp_path / "train" / "eel").mkdir()
    examples = SplitFolders().read(Request(tmp_path, keeps_splits=False))
    assert Counter(examples.targets or []) == {"cat": 5, "dog": 3, "eel": 3}
    (tmp_path / "train" / "fox").mkdir()
    make.class_folders(tmp_path / "test", {"gnu": 1})
    with pytest.raises(InputError) as raised:
        SplitFolders().read(Request(tmp_path, keeps_splits=False))
    assert "fox: this class folder is empty" in str(raised.value)
    assert "class 'gnu': it has one training example" in str(raised.value)


def test_what_belongs_to_no_class_is_noted(tmp_path: Path, make: Any) -> None:
    make.class_folders(tmp_path / "train", {"cat": 2, "dog": 2})
    make.picture(tmp_path / "test" / "loose.png")
    (tmp_path / "extra").mkdir()
    examples = SplitFolders().read(Request(tmp_path))
    assert len(examples) == 4
    assert any("test/loose.png" in note for note in examples.notes)
    assert any("extra" in note for note in examples.notes)


def test_real_sets_have_the_counts_of_their_index(shared: Path) -> None:
    for name, train, test, classes in (
        ("vehicles", 581, 194, 8),
        ("flowers", 374, 150, 5),
        ("chest_xray", 503, 181, 3),
    ):
        examples = SplitFolders().read(Request(shared / "data" / name))
        assert Counter(examples.splits or []) == {"train": train, "test": test}
        assert len(set(examples.targets or [])) == classes
