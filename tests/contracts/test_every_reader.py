"""Every reader keeps the contract; a new one joins by being in the folder."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from boxed_pictures import FORMATS
from headstart.data.readers import READERS
from headstart.data.readers.base import Reader, Request

NAMES = READERS.names()
TABLE = "text,label\nit was good,yes\nit was bad,no\nrather good,yes\nrather bad,no\n"
LINES = '{"text": "it was good", "label": "yes"}\n{"text": "it was bad", "label": "no"}\n' * 2


def _picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 4), (len(str(path)) % 255, 0, 0)).save(path)
    return path


def _classes(root: Path, *names: str) -> Path:
    for name in names or ("cat", "dog"):
        for number in range(2):
            _picture(root / name / f"{number}.png")
    return root


def _masks(root: Path, images: str, masks: str) -> Path:
    _picture(root / images / "a.jpg")
    (root / masks).mkdir(parents=True)
    Image.fromarray(np.eye(4, dtype=np.uint8)).save(root / masks / "a.png")
    return root


def _file(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def sources(root: Path) -> dict[str, Any]:
    """Everything people hand over: each entry is recognised by exactly one reader."""
    _file(root / "pair" / "train.csv", TABLE)
    _file(root / "pair" / "test.csv", TABLE)
    _file(_classes(root / "classes_beside_table") / "train.jsonl", LINES)
    for split in ("training", "dev", "testing"):
        _classes(root / "splits" / split)
    _classes(root / "one_split" / "train")
    _picture(root / "loose" / "a.jpg")
    _masks(root / "masks_inside", "images/train", "masks/train")
    _masks(root / "masks_outside", "train/images", "train/labels")
    _picture(root / "an_object_a_file" / "images" / "a.jpg")
    (root / "an_object_a_file" / "masks" / "a").mkdir(parents=True)
    Image.fromarray(np.eye(4, dtype=np.uint8)).save(root / "an_object_a_file" / "masks" / "a" / "1.png")
    _file(root / "saved" / "dataset_dict.json", "{}")
    _file(root / "saved_one" / "state.json", "{}")
    _file(root / "saved_one" / "dataset_info.json", "{}")
    boxes = {name: make(root / f"boxes_{name}") for name, make in FORMATS.items()}
    return {
        **{f"boxes as {name}": folder for name, folder in boxes.items()},
        "a COCO file": boxes["coco"] / "annotations" / "instances_train.json",
        "a YAML file": boxes["yolo"] / "data.yaml",
        "class folders": _classes(root / "classes"),
        "a class called train": _classes(root / "vehicles", "bus", "train"),
        "class folders as a string": str(root / "classes"),
        "split folders": root / "splits",
        "only train": root / "one_split",
        "csv": _file(root / "a.csv", TABLE),
        "tsv in capitals": _file(root / "b.TSV", TABLE.replace(",", "\t")),
        "jsonl": _file(root / "c.jsonl", LINES),
        "json list": _file(root / "c.json", f"[{LINES.strip().replace(chr(10), ', ')}]"),
        "parquet": _file(root / "d.parquet", "not really"),
        "train and test tables": root / "pair",
        "tables beside class folders": root / "classes_beside_table",
        "loose images": root / "loose",
        "one image": root / "loose" / "a.jpg",
        "pictures and masks": _masks(root / "masks", "images", "masks"),
        "pictures and masks, splits inside": root / "masks_inside",
        "pictures and masks, splits outside": root / "masks_outside",
        "pictures and a mask for each object": root / "an_object_a_file",
        "text file": _file(root / "notes.txt", "it was good\n\nit was bad\n"),
        "folder of text files": _file(root / "notes" / "may" / "a.TXT", "it was good").parent.parent,
        "saved data set": root / "saved",
        "saved data set without splits": root / "saved_one",
        "hub name": "hf:someone/something",
        "bare hub name": "someone/something",
        "pair of lists": (["good", "bad"], ["yes", "no"]),
        "list of texts": ["good", "bad"],
        "array of images": np.zeros((2, 8, 8, 3), np.uint8),
        "PIL image": Image.new("RGB", (4, 4)),
        "dict of lists": {"text": ["good", "bad"], "label": ["yes", "no"]},
        "data frame": pd.DataFrame({"text": ["good", "bad"], "label": ["yes", "no"]}),
        "series": pd.Series(["good", "bad"]),
    }


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Not to be written to."""
    return sources(tmp_path_factory.mktemp("sources"))


def nothings(root: Path) -> dict[str, Any]:
    """What no reader takes."""
    (root / "empty").mkdir()
    (root / "hollow" / "cat").mkdir(parents=True)
    return {
        "empty folder": root / "empty",
        "empty class folders": root / "hollow",
        "missing path": root / "absent",
        "missing table": str(root / "absent.csv"),
        "relative missing table": "absent/table.csv",
        "unknown ending": _file(root / "notes.docx", "x"),
        "a page of text": "word " * 5000,
        "a NUL": "a\0b",
        "None": None,
        "number": 7,
    }


@pytest.fixture(params=NAMES)
def reader(request: pytest.FixtureRequest) -> Reader:
    return READERS.load(request.param)()


@pytest.mark.parametrize("name", NAMES)
def test_file_name_is_class_name_and_the_constructor_takes_nothing(name: str) -> None:
    kind = READERS.load(name)
    assert issubclass(kind, Reader)
    assert not [p for p in inspect.signature(kind).parameters.values() if p.default is p.empty]


def test_has_a_caption_and_table_endings(reader: Reader) -> None:
    assert reader.caption
    assert not reader.caption.endswith(".")
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in reader.table_suffixes)


def test_no_two_readers_share_a_table_ending() -> None:
    endings = [suffix for name in NAMES for suffix in READERS.load(name)().table_suffixes]
    assert len(endings) == len(set(endings))


def test_exactly_one_reader_recognises_each_source(
    listed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    readers = {name: READERS.load(name)() for name in NAMES}
    found = {
        what: [name for name, reader in readers.items() if reader.recognises(source)]
        for what, source in listed.items()
    }
    assert {what: names for what, names in found.items() if len(names) != 1} == {}


def test_recognises_nothing_else_and_never_raises(reader: Reader, tmp_path: Path) -> None:
    assert [what for what, source in nothings(tmp_path).items() if reader.recognises(source)] == []


UNREADABLE_HERE = {"parquet", "saved data set", "saved data set without splits", "hub name", "bare hub name"}
WITHOUT_TARGETS = {
    "loose images", "one image", "text file", "folder of text files", "list of texts", "array of images", "PIL image",
    "series",
}  # fmt: skip


def test_examples_are_complete_whatever_was_read(reader: Reader, listed: dict[str, Any]) -> None:
    """As for evaluation: one entry an example in every column, and given splits by their three names."""
    recognised = {what: source for what, source in listed.items() if reader.recognises(source)}
    assert recognised
    for what in recognised.keys() - UNREADABLE_HERE:
        source = recognised[what]
        examples = reader.read(Request(source, needs_targets=what not in WITHOUT_TARGETS, fits=False))
        assert len(examples) > 0
        assert len(examples.ids) == len(examples)
        assert all(isinstance(id_, str) for id_ in examples.ids)
        assert (examples.targets is None) == (what in WITHOUT_TARGETS), what
        assert examples.targets is None or len(examples.targets) == len(examples)
        assert examples.splits is None or set(examples.splits) <= {"train", "validation", "test", None}
        assert examples.source
