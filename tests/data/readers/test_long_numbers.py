"""Numbers beyond all that a computer calculates with, in every format: each a message, none a traceback."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from boxed_pictures import coco, voc, voc_content, yolo
from headstart.core.errors import InputError
from headstart.data.read import read
from headstart.data.readers._numbers import cut, load_json, number, shown, whole
from headstart.data.readers.base import Request

TRAIN = "annotations/instances_train.json"
DIGITS = "9" * 5000  # Python refuses to make an integer of more than 4,300
LARGE = "1" + "0" * 400  # an integer, and beyond the largest float


def message(root: Path) -> str:
    with pytest.raises(InputError) as raised:
        read(Request(root))
    return str(raised.value)


def replaced(file: str, old: str, new: str) -> Callable[[Path], Any]:
    """Writes other words into a file, at the first place of the old ones."""

    def change(root: Path) -> None:
        text = (root / file).read_text()
        assert old in text
        (root / file).write_text(text.replace(old, new, 1))

    return change


BOX = f"{TRAIN} annotation 10: an edge of the box is not a finite number"
SIDES = f"{TRAIN} image 1: its width and height are "
FIRST = "labels/train/a.txt line 1: "
CASES: dict[str, tuple[Callable[[Path], Path], Callable[[Path], Any], str]] = {
    "coco, an edge": (coco, replaced(TRAIN, '"bbox": [4', f'"bbox": [{LARGE}'), BOX),
    "coco, below all": (coco, replaced(TRAIN, '"bbox": [4', f'"bbox": [-{LARGE}'), BOX),
    "coco, digits": (coco, replaced(TRAIN, '"bbox": [4', f'"bbox": [{DIGITS}'), BOX),
    "coco, a width": (coco, replaced(TRAIN, '"width": 64', f'"width": {LARGE}'), f"{SIDES}10000"),
    "coco, digits of a width": (coco, replaced(TRAIN, '"width": 64', f'"width": {DIGITS}'), f"{SIDES}inf and 48"),
    "coco, an id": (coco, replaced(TRAIN, '{"id": 1,', f'{{"id": {DIGITS},'), f"{TRAIN} images[0]: the id of an ima"),
    "coco, an id of words": (
        coco,
        replaced(TRAIN, '"image_id": 1,', f'"image_id": "{DIGITS}",'),
        f"{TRAIN} annotation 10: its image_id '9999",
    ),
    "coco, a polygon": (
        coco,
        replaced(TRAIN, '"bbox": [4, 6, 16, 24]', f'"segmentation": [[{LARGE}, 1, 2, 3, 4, 5]]'),
        BOX,
    ),
    "coco, runs": (
        coco,
        replaced(TRAIN, '"bbox"', f'"segmentation": {{"size": [{LARGE}, 64], "counts": [1]}}, "bbox"'),
        f"{TRAIN} annotation 10: its segmentation is neither polygons nor run lengths",
    ),
    "voc, an edge": (voc, replaced("Annotations/a.xml", "<xmax>20", f"<xmax>{DIGITS}"), "a.xml object 1: an edge of"),
    "voc, a width": (voc, replaced("Annotations/a.xml", "<width>64", "<width>1e999"), ".xml: its size is 1e999 × 48"),
    "voc, digits of a width": (
        voc,
        replaced("Annotations/a.xml", "<width>64", f"<width>{DIGITS}"),
        "Annotations/a.xml: its size is 9999",
    ),
    "yolo, a class": (yolo, replaced("labels/train/a.txt", "0 ", f"{DIGITS} "), f"{FIRST}there is no class 9999"),
    "yolo, a share": (yolo, replaced("labels/train/a.txt", "0 ", f"0 {DIGITS} "), f"{FIRST}it holds 6 numbers"),
    "yolo, a centre": (
        yolo,
        lambda root: (root / "labels/train/a.txt").write_text(f"0 {DIGITS} 0.5 0.1 0.1\n"),
        f"{FIRST}9999999999999999999999999999999999999999… is no share of the picture",
    ),
    "yaml": (yolo, replaced("data.yaml", "nc: 2", f"nc: {DIGITS}"), "data.yaml: not YAML: Exceeds the limit"),
    "yaml, sixteens": (yolo, replaced("data.yaml", "nc: 2", f"nc: 0x{DIGITS}"), "nc says a number of more"),
    "yaml, a key": (
        yolo,
        replaced("data.yaml", "names: [cat, dog]", f"names: {{? '{DIGITS}' : cat, 1: dog}}"),
        "… is called 'cat'",
    ),
    "yaml, a truth": (
        yolo,
        replaced("data.yaml", "nc: 2", "shuffle: !!bool maybe"),
        "data.yaml: not YAML: a value is not what its tag or form says",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_boxes(case: str, tmp_path: Path) -> None:
    make, change, said = CASES[case]
    root = make(tmp_path)
    change(root)
    found = message(root)
    assert said in found
    assert len(found) < 1500


@pytest.mark.parametrize("place", ["x" * 5000, '"a\\0b"'])
def test_a_place_that_no_system_can_look_up_is_not_there(place: str, tmp_path: Path) -> None:
    root = yolo(tmp_path)
    replaced("data.yaml", "val: images/val", f"val: {place}")(root)
    assert any(note.endswith(" for val, which is not there.") for note in read(Request(root)).notes)


def test_lists_of_pictures_with_lines_that_are_no_paths(tmp_path: Path) -> None:
    root = yolo(tmp_path)
    (root / "val.txt").write_text("./images/val/d.png\n" + "x" * 5000 + "\n\0\n")
    replaced("data.yaml", "val: images/val", "val: val.txt")(root)
    assert list(read(Request(root)).splits or []).count("validation") == 1


@pytest.mark.parametrize("text", [DIGITS, LARGE])
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_targets_of_tables(ending: str, text: str, tmp_path: Path) -> None:
    values = ["1", "2", "3", text]
    rows = [f"text {place},{value}" for place, value in enumerate(values)]
    lines = [f'{{"text": "text {place}", "label": {value}}}' for place, value in enumerate(values)]
    path = tmp_path / f"a.{ending}"
    path.write_text("\n".join(["text,label", *rows] if ending == "csv" else lines))
    found = message(path)
    assert f"a.{ending} row {5 if ending == 'csv' else 4}: the target " in found
    assert "is an infinite number" in found


def test_numbers_one_by_one() -> None:
    assert [number(value) for value in (7, "7", "1e3", 0.5)] == [7, 7, 1000, 0.5]
    assert [number(value) for value in (int(LARGE), -int(LARGE), DIGITS)] == [math.inf, -math.inf, math.inf]
    assert [number(value) for value in (None, True, "seven", [7])] == [None] * 4
    assert [whole("12"), whole(DIGITS), whole(f"-{DIGITS}")] == [12, math.inf, -math.inf]
    for text in ("1.5", "", "seven"):
        with pytest.raises(ValueError, match="invalid literal"):
            whole(text)
    assert load_json(f"[1, {DIGITS}]") == [1, math.inf]
    with pytest.raises(json.JSONDecodeError):
        load_json(f"[1, {DIGITS}")
    assert shown(16**5000) == "a number of more than 4,300 digits"
    assert [cut("abcd", 4), cut("abcde", 4)] == ["abcd", "abcd…"]


def test_a_size_of_zero_or_none_is_not_known(tmp_path: Path) -> None:
    root = voc(tmp_path)
    text = voc_content("train/a")
    (root / "Annotations" / "a.xml").write_text(text.replace("<width>64", "<width>0"))
    (root / "Annotations" / "b.xml").write_text(voc_content("train/b").replace("<width>64</width>", ""))
    assert len(read(Request(root))) == 4
