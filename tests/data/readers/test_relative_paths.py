"""Whoever hands over a path from where they stand has what the whole path gives: every reader of a single file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from boxed_pictures import FORMATS, coco, yolo
from headstart.data.read import read
from headstart.data.readers import READERS
from headstart.data.readers.base import Request

ROWS = [{"review": f"text number {place}", "label": "good" if place % 2 else "bad"} for place in range(8)]


def csv(root: Path) -> str:
    (root / "rows.csv").write_text("review,label\n" + "".join(f"{row['review']},{row['label']}\n" for row in ROWS))
    return "rows.csv"


def csv_of_pictures(root: Path) -> str:
    coco(root)
    names = [path.relative_to(root).as_posix() for path in sorted(root.rglob("*.png"))]
    rows = [f"{name},{'even' if place % 2 else 'odd'}\n" for place, name in enumerate(names)]
    (root / "pictures.csv").write_text("picture,label\n" + "".join(rows))
    return "pictures.csv"


def jsonl(root: Path) -> str:
    (root / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return "rows.jsonl"


def json_list(root: Path) -> str:
    (root / "rows.json").write_text(json.dumps(ROWS))
    return "rows.json"


def parquet(root: Path) -> str:
    arrow = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    tables = pytest.importorskip("pyarrow.parquet", reason="the extra parquet is not installed")
    tables.write_table(arrow.Table.from_pylist(ROWS), root / "rows.parquet")
    return "rows.parquet"


def text(root: Path) -> str:
    (root / "lines.txt").write_text("one\n\ntwo\n")
    return "lines.txt"


def picture(root: Path) -> str:
    Image.new("RGB", (24, 16), (9, 90, 200)).save(root / "a.png")
    return "a.png"


def coco_file(root: Path) -> str:
    coco(root)
    return "annotations/instances_train.json"


def coco_beside_its_pictures(root: Path) -> str:
    (coco(root) / "annotations" / "instances_train.json").rename(root / "marks.json")
    return "marks.json"


def data_yaml(root: Path) -> str:
    yolo(root)
    return "data.yaml"


SINGLE: dict[str, list[Callable[[Path], str]]] = {
    "coco": [coco_file, coco_beside_its_pictures],
    "delimited": [csv, csv_of_pictures],
    "json_list": [json_list],
    "jsonl": [jsonl],
    "parquet": [parquet],
    "text_files": [text],
    "unlabelled_folder": [picture],
    "yolo": [data_yaml],
}
FOLDERS_ALONE = {
    "arrays", "class_folders", "hugging_face", "mask_folders", "pascal_voc", "split_files", "split_folders",
}  # fmt: skip


def test_every_reader_of_a_single_file_is_here() -> None:
    assert SINGLE.keys() | FOLDERS_ALONE == set(READERS.names())


def _called(value: object) -> str:
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize("below", ["", "..", "./"], ids=["here", "from a folder beside", "dotted"])
@pytest.mark.parametrize(
    ("reader", "make"), [(name, make) for name, makers in SINGLE.items() for make in makers], ids=_called
)
def test_a_file_by_its_relative_path(
    reader: str, make: Callable[[Path], str], below: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "set"
    (tmp_path / "beside").mkdir()
    root.mkdir()
    name = make(root)
    monkeypatch.chdir(tmp_path / "beside" if below == ".." else root)
    relative = f"../set/{name}" if below == ".." else f"{below}{name}"
    assert READERS.load(reader)().recognises(relative)
    _same(Path(root / name), relative)


@pytest.mark.parametrize("name", FORMATS)
def test_a_folder_by_its_relative_path(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FORMATS[name](tmp_path / "set")
    monkeypatch.chdir(tmp_path)
    _same(tmp_path / "set", "set")
    monkeypatch.chdir(tmp_path / "set")
    _same(tmp_path / "set", ".")


def test_a_file_of_boxes_from_within_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    coco(tmp_path)
    monkeypatch.chdir(tmp_path / "annotations")
    assert read(Request("instances_train.json")).ids == [
        "images/train/a.png",
        "images/train/b.png",
        "images/train/c.png",
    ]
    _same(tmp_path / "annotations" / "instances_train.json", "instances_train.json")


def _same(whole: Path, relative: str) -> None:
    """That both paths give the same examples; targets where the format has any."""
    targets = whole.suffix not in (".txt", ".png")
    expected, found = (read(Request(source, needs_targets=targets)) for source in (whole, Path(relative)))
    assert found.ids == expected.ids
    assert [_resolved(each) for each in found.references] == [_resolved(each) for each in expected.references]
    assert found.targets == expected.targets
    assert found.splits == expected.splits
    assert read(Request(relative, needs_targets=targets)).ids == expected.ids


def _resolved(reference: object) -> object:
    return reference.resolve() if isinstance(reference, Path) else reference
