"""Class folders: classes from folder names, every mistake at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from headstart.core.errors import InputError, UsageError
from headstart.data.readers.base import Request
from headstart.data.readers.class_folders import ClassFolders


def test_reads_classes_ids_and_nested_files(tmp_path: Path, make: Any) -> None:
    root = make.class_folders(tmp_path / "photos", {"cat": 2, "dog": 2})
    make.picture(root / "dog" / "puppies" / "x.JPG")
    examples = ClassFolders().read(Request(root))
    assert examples.modality == "image"
    assert list(examples.ids) == ["cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png", "dog/puppies/x.JPG"]
    assert examples.targets == ["cat", "cat", "dog", "dog", "dog"]
    assert examples.references[0] == root / "cat" / "0.png"
    assert examples.splits is None
    assert examples.notes == ()


def test_litter_is_overlooked_and_strays_are_noted(tmp_path: Path, make: Any) -> None:
    root = make.class_folders(tmp_path / "photos", {"cat": 2, "dog": 2})
    make.write(root / ".DS_Store", b"x")
    make.write(root / "cat" / "._0.png", b"x")
    make.class_folders(root / "__MACOSX", {"cat": 1})
    make.picture(root / "loose.png")
    make.write(root / "cat" / "notes.txt", "x")
    examples = ClassFolders().read(Request(root))
    assert len(examples) == 4
    assert any("loose.png" in note for note in examples.notes)
    assert any("cat/notes.txt" in note for note in examples.notes)
    for_prediction = ClassFolders().read(Request(root, needs_targets=False))
    assert for_prediction.targets is None
    assert "loose.png" in for_prediction.ids


def test_all_mistakes_together(tmp_path: Path, make: Any) -> None:
    root = make.class_folders(tmp_path / "photos", {"cat": 3, "dog": 1, "eel": 1})
    (root / "fox").mkdir()
    with pytest.raises(InputError) as raised:
        ClassFolders().read(Request(root))
    message = str(raised.value)
    assert "fox: this class folder is empty" in message
    assert "class 'dog': it has one training example, dog/0.png" in message
    assert "class 'eel': it has one training example, eel/0.png" in message


def test_one_example_a_class_is_enough_where_none_has_more_than_two(tmp_path: Path, make: Any) -> None:
    root = make.class_folders(tmp_path / "photos", {"cat": 2, "dog": 1, "eel": 1})
    assert len(ClassFolders().read(Request(root))) == 4


def test_one_class_is_refused_for_a_fit_only(tmp_path: Path, make: Any) -> None:
    root = make.class_folders(tmp_path / "photos", {"cat": 3})
    with pytest.raises(InputError, match="one class, 'cat'"):
        ClassFolders().read(Request(root))
    assert ClassFolders().read(Request(root, fits=False)).targets == ["cat"] * 3


def test_one_folder_too_high_and_a_table_beside_get_a_hint(tmp_path: Path, make: Any) -> None:
    make.class_folders(tmp_path / "a" / "photos", {"cat": 2, "dog": 2})
    with pytest.raises(InputError, match=r"did you mean .*photos\?"):
        ClassFolders().read(Request(tmp_path / "a"))
    make.class_folders(tmp_path / "b", {"images": 2})
    make.write(tmp_path / "b" / "labels.csv", "path,label\nimages/0.png,x\n")
    with pytest.raises(InputError, match=r"did you mean the table .*labels\.csv\?"):
        ClassFolders().read(Request(tmp_path / "b"))


def test_folders_of_split_folders_are_no_classes(tmp_path: Path, make: Any) -> None:
    for domain in ("photo", "sketch"):
        for split in ("train", "test"):
            make.class_folders(tmp_path / domain / split, {"cat": 2, "dog": 2})
    with pytest.raises(InputError, match=r"'photo' is no class"):
        ClassFolders().read(Request(tmp_path))


def test_column_names_are_for_tables(tmp_path: Path, make: Any) -> None:
    root = make.class_folders(tmp_path / "photos", {"cat": 2, "dog": 2})
    with pytest.raises(UsageError, match="--target label and --group owner"):
        ClassFolders().read(Request(root, target="label", group="owner"))


def test_a_class_may_be_called_train(shared: Path) -> None:
    examples = ClassFolders().read(Request(shared / "data" / "vehicles" / "train"))
    assert len(examples) == 581  # data/INDEX.csv
    assert len(set(examples.targets or [])) == 8
    assert "train" in set(examples.targets or [])


def test_a_folder_that_may_be_a_split_is_no_class_without_a_word(tmp_path: Path, make: Any) -> None:
    make.class_folders(tmp_path / "a" / "train", {"cat": 3, "dog": 3})
    make.class_folders(tmp_path / "a", {"unlabelled": 2})
    make.class_folders(tmp_path / "b" / "train", {"cat": 3, "dog": 3})
    make.class_folders(tmp_path / "b" / "eval", {"cat": 3})
    for root, beside in ((tmp_path / "a", "unlabelled"), (tmp_path / "b", "eval")):
        with pytest.raises(InputError, match=rf"'train' is .*\(cat, dog\), but no folder beside it \('{beside}'\)"):
            ClassFolders().read(Request(root))
        assert set(ClassFolders().read(Request(root, fits=False)).targets or []) == {"train", beside}
    assert len(ClassFolders().read(Request(tmp_path / "a", needs_targets=False))) == 8


def test_a_class_called_train_may_hold_folders_that_no_split_would(tmp_path: Path, make: Any) -> None:
    make.class_folders(tmp_path / "a" / "train", {"steam": 3, "diesel": 3})
    make.class_folders(tmp_path / "a" / "bus", {"diesel": 3, "electric": 3})
    make.class_folders(tmp_path / "b" / "train", {"steam": 3, "diesel": 3})
    make.class_folders(tmp_path / "b", {"train": 2, "bus": 3})
    make.class_folders(tmp_path / "c" / "train", {"2019": 3})
    make.class_folders(tmp_path / "c", {"bus": 3})
    for name in "abc":
        assert set(ClassFolders().read(Request(tmp_path / name)).targets or []) == {"bus", "train"}


def textured(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (24, 32, 3), np.uint8)).save(path)


def test_pictures_and_their_masks_are_no_two_classes(tmp_path: Path) -> None:
    for number in range(4):
        textured(tmp_path / "raw" / f"{number}.png", number)
        flat = np.zeros((24, 32), np.uint8)
        flat[5:9] = number
        (tmp_path / "truth").mkdir(exist_ok=True)
        Image.fromarray(flat).save(tmp_path / "truth" / f"{number}_mask.png")
    with pytest.raises(InputError, match=r"'truth' holds masks of the pictures in 'raw'.*'images' and 'masks'"):
        ClassFolders().read(Request(tmp_path))


def test_classes_numbered_alike_stay_classes(tmp_path: Path) -> None:
    for number in range(4):
        textured(tmp_path / "bus" / f"{number}.png", number)
        textured(tmp_path / "car" / f"{number}.png", 10 + number)
    assert len(ClassFolders().read(Request(tmp_path))) == 8
