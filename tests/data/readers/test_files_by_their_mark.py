"""DICOM files that no ending tells: taken by the mark in them, wherever pictures are taken, and read no further."""

from __future__ import annotations

import builtins
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headstart.data.modalities import _scans
from headstart.data.modalities.image import Image as Images
from headstart.data.read import read
from headstart.data.readers._folders import folder_kind, holds_inputs
from headstart.data.readers.base import Request
from headstart.data.several_sources import sources_of
from scans import write_dicom
from small_world import table

COUNT = 6
NAMES = ["IM{:06d}", "{:03d}.IMA", "{:02d}.dic", "{:02d}.img", "1.2.826.0.1.{}", "MR.{:04d}"]


def scan(path: Path, number: int, **tags: object) -> Path:
    values = np.random.default_rng(number).integers(0, 255, (24, 32)).astype(np.uint8)
    return write_dicom(path, values, f"PID-{number // 2}", **tags)


@pytest.fixture(params=NAMES)
def names(request: pytest.FixtureRequest) -> list[str]:
    return [request.param.format(number) for number in range(COUNT)]


def stem(name: str) -> str:
    """A name as annotations call it: without its ending, which a number is not."""
    return name if name.startswith(("1.2.", "MR.")) else name.split(".")[0]


def test_class_folders_loose_files_and_one_file(names: list[str], tmp_path: Path) -> None:
    for number, name in enumerate(names):
        scan(tmp_path / "data" / ("ill", "ok")[number % 2] / name, number)
    for litter in (".DS_Store", "DICOMDIR", "ill/DICOMDIR"):
        scan(tmp_path / "data" / litter, 9)
    examples = read(Request(tmp_path / "data"))
    assert examples.modality == "image"
    assert sorted(path.name for path in examples.references) == sorted(names)
    assert not examples.notes
    assert Images().owner(examples.references[0]) is not None
    assert Images().decode(examples.references[0]).size == (32, 24)
    loose = read(Request(tmp_path / "data" / "ill", needs_targets=False))
    assert len(loose) == COUNT / 2
    assert not loose.notes
    one = examples.references[0]
    assert read(Request(one, needs_targets=False)).references == [one]
    assert sources_of([one, examples.references[1]]) == [[one, examples.references[1]]]


def test_split_folders(names: list[str], tmp_path: Path) -> None:
    for number, name in enumerate(names):
        scan(tmp_path / ("train", "test")[number // 4] / ("ill", "ok")[number % 2] / name, number)
    examples = read(Request(tmp_path))
    assert examples.splits is not None
    assert (examples.splits.count("train"), examples.splits.count("test")) == (4, 2)


def test_a_column_of_paths(names: list[str], tmp_path: Path) -> None:
    rows = [
        {"note": f"a note of {name}", "file": f"scans/{name}", "side": "ab"[i % 2]} for i, name in enumerate(names)
    ]
    for number, name in enumerate(names):
        scan(tmp_path / "scans" / name, number)
    examples = read(Request(table(tmp_path / "scans.csv", rows), target="side"))
    assert examples.modality == "image"
    assert [path.name for path in examples.references] == names


def test_masks_of_the_same_name(names: list[str], tmp_path: Path) -> None:
    mask = np.zeros((24, 32), np.uint8)
    mask[4:12, 4:12] = 1
    (tmp_path / "masks").mkdir()
    for number, name in enumerate(names):
        scan(tmp_path / "images" / name, number)
        Image.fromarray(mask).save(tmp_path / "masks" / f"{stem(name)}.png")
    examples = read(Request(tmp_path, masks=True))
    assert [path.name for path in examples.references] == names
    assert all(target is not None for target in examples.targets or [])


@pytest.mark.parametrize("form", ["coco", "voc", "yolo"])
def test_boxes(form: str, names: list[str], tmp_path: Path) -> None:
    for number, name in enumerate(names):
        scan(tmp_path / "images" / name, number)
    if form == "coco":
        content = {
            "images": [{"id": i, "file_name": name, "width": 32, "height": 24} for i, name in enumerate(names)],
            "annotations": [
                {"id": i, "image_id": i, "category_id": 1, "bbox": [4, 4, 8, 8], "area": 64, "iscrowd": 0}
                for i in range(COUNT)
            ],
            "categories": [{"id": 1, "name": "ball"}],
        }
        (tmp_path / "instances.json").write_text(json.dumps(content))
    for name in names:
        folder = tmp_path / ("Annotations" if form == "voc" else "labels")
        folder.mkdir(exist_ok=True)
        if form == "voc":
            box = "<xmin>4</xmin><ymin>4</ymin><xmax>12</xmax><ymax>12</ymax>"
            text = f"<annotation><object><name>ball</name><bndbox>{box}</bndbox></object></annotation>"
            (folder / f"{stem(name)}.xml").write_text(text)
        if form == "yolo":
            (folder / f"{stem(name)}.txt").write_text("0 0.25 0.33 0.25 0.33")
            (tmp_path / "classes.txt").write_text("ball")
    examples = read(Request(tmp_path, objects=True))
    assert [path.name for path in examples.references] == names
    assert [len(target) for target in examples.targets or []] == [1] * COUNT


def test_a_series_is_one_stack(names: list[str], tmp_path: Path) -> None:
    for kind in ("ill", "ok"):
        for number, name in enumerate(names):
            scan(tmp_path / kind / name, number, SeriesInstanceUID=f"1.2.{len(kind)}", InstanceNumber=number)
    examples = read(Request(tmp_path, stack=3))
    assert [len(volume.paths) for volume in examples.references] == [COUNT, COUNT]
    assert Images().decode(examples.references[0]).size == (32, 24)


def test_other_files_without_an_ending_are_none(tmp_path: Path) -> None:
    for name in ("README", "1.2.3", "a.IMA", "short"):
        (tmp_path / name).write_text("s" if name == "short" else "some words " * 50)
    assert folder_kind(tmp_path) is None
    assert not holds_inputs(tmp_path)
    scan(tmp_path / "IM01", 0)
    scan(tmp_path / "a.doc", 1)  # an ending of something else is believed
    examples = read(Request(tmp_path, needs_targets=False))
    assert [path.name for path in examples.references] == ["IM01"]
    assert not Images().recognises(["IM01 is no path from here", str(tmp_path), "x" * 5000, "a\0b"])


def test_a_file_is_looked_into_once_and_only_where_its_name_leaves_it_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(COUNT):
        scan(tmp_path / "data" / "ill" / f"IM{number}", number)
        (tmp_path / "data" / "ill" / f"{number}.log").write_text("words " * 50)
        (tmp_path / "data" / "ok").mkdir(exist_ok=True)
        Image.new("RGB", (8, 8)).save(tmp_path / "data" / "ok" / f"{number}.png")
    opened = []
    whole = builtins.open
    monkeypatch.setattr(_scans, "open", lambda path, mode: opened.append(path) or whole(path, mode), raising=False)
    for _ in range(2):
        assert len(read(Request(tmp_path / "data"))) == 2 * COUNT
    assert sorted(Path(path).name for path in opened) == [f"IM{number}" for number in range(COUNT)]
    (tmp_path / "data" / "ill" / "IM0").write_text("changed " * 50)
    assert len(read(Request(tmp_path / "data"))) == 2 * COUNT - 1
