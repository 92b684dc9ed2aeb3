"""Thirty broken files of each format of boxes: each a message that names the file and the place, none a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from boxed_pictures import coco, coco_content, voc, yolo
from broken_boxes import FIRST, FORMATS, TRAIN, VOC
from headstart.core.errors import InputError
from headstart.data.read import read
from headstart.data.readers.base import Request


def message(root: Path) -> str:
    with pytest.raises(InputError) as raised:
        read(Request(root))
    return str(raised.value)


@pytest.mark.parametrize(("name", "case"), [(name, case) for name, each in FORMATS.items() for case in each.cases])
def test_a_broken_file_is_named_with_the_place(name: str, case: str, tmp_path: Path) -> None:
    found = FORMATS[name].said_of(case, tmp_path)
    assert FORMATS[name].cases[case][1] in found
    assert FORMATS[name].always in found


@pytest.mark.parametrize("name", FORMATS)
def test_there_are_thirty_of_each_format_and_the_sound_ones_are_read(name: str, tmp_path: Path) -> None:
    assert len(FORMATS[name].cases) >= 30
    assert len(read(Request(FORMATS[name].sound(tmp_path)))) == 4


def test_two_coco_files_of_no_split(tmp_path: Path) -> None:
    root = coco(tmp_path)
    (root / TRAIN).rename(root / "annotations" / "instances_mine.json")
    assert "annotations/instances_mine.json: its name says no split, and it is not the only file" in message(root)


def test_an_object_without_a_box_is_one_mistake(tmp_path: Path) -> None:
    root = voc(tmp_path)
    VOC["another box element"][0](root)
    assert message(root).count(FIRST) == 1


def test_what_is_wrong_with_categories_is_said_once_and_not_of_every_box(tmp_path: Path) -> None:
    root = coco(tmp_path)
    (root / TRAIN).write_text(json.dumps({**coco_content("train"), "categories": None}))
    assert "category_id" not in message(root)


def test_all_mistakes_of_all_files_at_once(tmp_path: Path) -> None:
    root, content = coco(tmp_path), coco_content("train")
    content["annotations"][0]["bbox"] = [4, 6, 0, 24]
    content["annotations"][1]["category_id"] = 9
    (root / TRAIN).write_text(json.dumps(content))
    (root / "annotations" / "instances_val.json").write_text("{")
    found = message(root)
    assert "annotation 10: the width" in found
    assert "annotation 11: its category_id 9" in found
    assert "instances_val.json line 1: not JSON" in found


@pytest.mark.parametrize("beyond", [0.6, 1.0])
def test_rounding_is_no_mistake(beyond: float, tmp_path: Path) -> None:
    root, content = coco(tmp_path), coco_content("train")
    content["annotations"][1]["bbox"] = [30, -beyond, 34 + beyond, 48 + 2 * beyond]
    (root / TRAIN).write_text(json.dumps(content))
    examples = read(Request(root))
    assert [box.corners for box in (examples.targets or [])[0]][1] == (30, 0, 64, 48)


def test_a_damaged_picture_is_left_to_whoever_looks_at_pixels(tmp_path: Path) -> None:
    root = yolo(tmp_path)
    (root / "images" / "train" / "b.png").write_bytes(b"no picture")
    assert len(read(Request(root))) == 4


def test_a_turned_picture_is_as_large_as_a_person_sees_it(tmp_path: Path) -> None:
    root, content = coco(tmp_path), coco_content("train")
    path = root / "images" / "train" / "c.png"
    picture, exif = Image.open(path), Image.Exif()
    exif[0x0112] = 6
    picture.save(path, exif=exif)
    assert "may be turned by its EXIF data" in message(root)
    content["images"][2] |= {"width": 48, "height": 64}
    (root / TRAIN).write_text(json.dumps(content))
    assert (read(Request(root)).targets or [])[2].size == (48, 64)
