"""Boxes: three formats say the same, in the layouts that people have, and what is left out or odd is said."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from boxed_pictures import BOXES, FORMATS, HEIGHT, WIDTH, coco, coco_content, pictures, voc, voc_content, yolo
from headstart.core.boxes import Boxes, Outline
from headstart.core.errors import InputError, UsageError
from headstart.data.read import read
from headstart.data.readers import READERS
from headstart.data.readers.base import Request


def boxes_by_stem(source: Any, **asked: Any) -> dict[str, list[tuple[str, float, float, float, float]]]:
    examples = read(Request(source, **asked))
    found = {Path(i).stem: target for i, target in zip(examples.ids, examples.targets or [], strict=True)}
    return {stem: [(box.label, *box.corners) for box in target] for stem, target in found.items()}


EXPECTED = {name.split("/")[1]: boxes for name, boxes in BOXES.items()}


def approximately(found: dict[str, Any]) -> None:
    assert found.keys() == EXPECTED.keys()
    for stem, boxes in EXPECTED.items():
        assert [box[0] for box in found[stem]] == [box[0] for box in boxes]
        for one, other in zip(found[stem], boxes, strict=True):
            assert one[1:] == pytest.approx(other[1:], abs=1e-9)


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_boxes_in_every_format(name: str, tmp_path: Path) -> None:
    root = FORMATS[name](tmp_path)
    examples = READERS.load(name)().read(Request(root))
    approximately(boxes_by_stem(root))
    splits = {Path(i).stem: split for i, split in zip(examples.ids, examples.splits or [], strict=True)}
    assert splits == {"a": "train", "b": "train", "c": "train", "d": "validation"}
    assert all(target.size == (WIDTH, HEIGHT) for target in examples.targets or [])
    assert all(path.is_absolute() and path.is_file() for path in examples.references)
    assert "5 boxes of 2 classes: cat 3, dog 2." in examples.notes
    bare = next(id_ for id_ in examples.ids if Path(id_).stem == "c")
    assert f"1 of 4 pictures hold no box; they are kept as pictures of nothing: {bare}." in examples.notes
    assert {"coco": "COCO JSON", "pascal_voc": "Pascal VOC XML", "yolo": "YOLO text"}[name] in examples.source


@pytest.mark.parametrize("name", FORMATS)
def test_for_prediction_boxes_are_not_needed(name: str, tmp_path: Path) -> None:
    examples = read(Request(FORMATS[name](tmp_path), needs_targets=False))
    assert examples.targets is None
    assert len(examples) == 4


@pytest.mark.parametrize("name", FORMATS)
def test_columns_are_for_tables(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--target label: column names are for tables"):
        read(Request(FORMATS[name](tmp_path), target="label"))


def test_a_target_is_a_value() -> None:
    one, other = (Boxes(target.marked, target.size) for target in [Boxes((), (3, 2))] * 2)
    assert one == other
    assert hash(one) == hash(other)
    assert str(one) == "nothing"


# -- layouts ---------------------------------------------------------------------------------------------------


def test_coco_files_beside_the_pictures_of_each_split(tmp_path: Path) -> None:
    pictures(tmp_path)
    for split in ("train", "val"):
        (tmp_path / split / "_annotations.coco.json").write_text(json.dumps(coco_content(split)))
    approximately(boxes_by_stem(tmp_path))


def test_of_a_coco_file_alone_the_folder_of_its_pictures_says_the_split_and_not_its_name(tmp_path: Path) -> None:
    root = coco(tmp_path)
    file = (root / "annotations" / "instances_train.json").rename(root / "annotations" / "instances_test.json")
    examples = read(Request(file))
    assert sorted(examples.ids) == ["images/train/a.png", "images/train/b.png", "images/train/c.png"]
    assert examples.splits == ["train"] * 3
    (root / "images" / "train").rename(root / "images" / "photos")
    assert read(Request(file)).splits is None


def test_a_coco_file_with_the_same_name_of_a_picture_in_each_split(tmp_path: Path) -> None:
    root = coco(tmp_path)
    (root / "images" / "val" / "d.png").rename(root / "images" / "val" / "a.png")
    content = coco_content("val")
    content["images"][0]["file_name"] = "a.png"
    (root / "annotations" / "instances_val.json").write_text(json.dumps(content))
    assert Counter(read(Request(root)).ids)["images/val/a.png"] == 1


def test_coco_outlines_and_crowds_are_kept(tmp_path: Path) -> None:
    root, content = coco(tmp_path), coco_content("train")
    content["annotations"][0]["segmentation"] = [[4, 6, 20, 6, 20, 30]]
    content["annotations"][1] |= {"segmentation": {"size": [HEIGHT, WIDTH], "counts": "abc"}, "iscrowd": 1}
    runs = [0, HEIGHT, HEIGHT * (WIDTH - 1)]
    content["annotations"][2]["segmentation"] = {"size": [HEIGHT, WIDTH], "counts": runs}
    (root / "annotations" / "instances_train.json").write_text(json.dumps(content))
    examples = read(Request(root))
    (first, second), (third,) = ((examples.targets or [])[examples.ids.index(f"images/train/{s}.png")] for s in "ab")
    assert first.outline == Outline(polygons=((4.0, 6.0, 20.0, 6.0, 20.0, 30.0),))
    assert second.outline == Outline(counts="abc", size=(WIDTH, HEIGHT))
    assert second.crowd
    assert not second.asked_for
    assert third.outline == Outline(counts=tuple(runs), size=(WIDTH, HEIGHT))
    assert any("3 with an outline; 1 of a crowd" in note for note in examples.notes)


def as_tools_write_it(content: dict[str, Any]) -> dict[str, Any]:
    """Numbers as words, ids as a data frame has them, no size, no outline, no box where there is an outline."""
    for image in content["images"]:
        image |= {"id": str(image["id"]), "width": 0, "height": 0, "file_name": image["file_name"].upper()}
    for entry in content["annotations"]:
        entry |= {"category_id": float(entry["category_id"]), "iscrowd": "0", "segmentation": [[]]}
        entry["bbox"] = [str(edge) for edge in entry["bbox"]]
    x, y, width, height = map(float, content["annotations"][0].pop("bbox"))
    content["annotations"][0]["segmentation"] = [[x, y, x + width, y, x + width, y + height]]
    return content


def test_coco_files_as_tools_write_them(tmp_path: Path) -> None:
    root = coco(tmp_path)
    for split in ("train", "val"):
        path = root / "annotations" / f"instances_{split}.json"
        path.write_text(json.dumps(as_tools_write_it(json.loads(path.read_text()))))
    approximately(boxes_by_stem(root))
    assert not any(box.crowd for target in read(Request(root)).targets or [] for box in target)


def test_names_that_differ_in_capitals_alone_are_told_apart(tmp_path: Path) -> None:
    root = coco(tmp_path)
    shutil.copy(root / "images" / "val" / "d.png", root / "images" / "train" / "A.png")
    approximately(boxes_by_stem(root))


def test_the_numbers_of_a_coco_file_are_kept_as_they_are_written(tmp_path: Path) -> None:
    root = coco(tmp_path)
    file = root / "annotations" / "instances_train.json"
    content = coco_content("train")
    for image in content["images"]:
        image["id"] = {1: "00007", 2: 8.0, 3: "9"}[image["id"]]
    content["annotations"] = []
    content["categories"][0]["id"] = 40
    file.write_text(json.dumps(content))
    numbers = read(Request(file, needs_targets=False)).select([2, 0, 1]).numbers
    assert numbers is not None
    assert numbers.images == [("9", "c.png"), ("00007", "a.png"), (8, "b.png")]
    assert numbers.categories == {"cat": 40, "dog": 2}


def test_files_that_number_other_pictures_alike_have_no_numbers_together(tmp_path: Path) -> None:
    root = coco(tmp_path)
    both = read(Request(root, needs_targets=False))
    assert both.numbers is None
    assert sum("ids of its own" in note for note in both.notes) == 1
    file = root / "annotations" / "instances_val.json"
    content = coco_content("val")
    content["images"][0]["id"] = 4
    content["annotations"] = []
    file.write_text(json.dumps(content))
    together = read(Request(root, needs_targets=False)).numbers
    assert together is not None
    assert [number for number, _ in together.images] == [1, 2, 3, 4]
    content["categories"][0]["name"], content["categories"][1]["name"] = "dog", "cat"
    file.write_text(json.dumps(content))
    assert read(Request(root, needs_targets=False)).numbers is None


def test_captions_and_keypoints_beside_instances_are_left_out(tmp_path: Path) -> None:
    root = coco(tmp_path)
    (root / "annotations" / "captions_train.json").write_text("{}")
    approximately(boxes_by_stem(root))


def test_voc_files_beside_the_pictures_of_each_split(tmp_path: Path) -> None:
    pictures(tmp_path)
    for name in BOXES:
        (tmp_path / f"{name}.xml").write_text(voc_content(name))
    approximately(boxes_by_stem(tmp_path))
    assert Counter(read(Request(tmp_path)).splits or []) == {"train": 3, "validation": 1}


def test_a_voc_picture_without_a_file_is_left_out_and_said(tmp_path: Path) -> None:
    root = voc(tmp_path)
    shutil.copy(root / "JPEGImages" / "a.png", root / "JPEGImages" / "z.png")
    examples = read(Request(root))
    assert len(examples) == 4
    assert "Left out, without annotation: JPEGImages/z.png." in examples.notes


def test_a_voc_picture_whose_name_holds_dots_is_found_in_lists(tmp_path: Path) -> None:
    root = voc(tmp_path)
    for folder, ending in (("JPEGImages", "png"), ("Annotations", "xml")):
        (root / folder / f"d.{ending}").rename(root / folder / f"d.rf.07.{ending}")
    (root / "ImageSets" / "Main" / "val.txt").write_text("d.rf.07\n")
    examples = read(Request(root))
    assert dict(zip(examples.ids, examples.splits or [], strict=True))["JPEGImages/d.rf.07.png"] == "validation"


def test_voc_boxes_that_were_hard_to_see(tmp_path: Path) -> None:
    root = voc(tmp_path)
    text = voc_content("train/b").replace("<difficult>0", "<difficult>1")
    (root / "Annotations" / "b.xml").write_text(text)
    examples = read(Request(root))
    (box,) = (examples.targets or [])[examples.ids.index("JPEGImages/b.png")]
    assert box.difficult
    assert not box.asked_for


@pytest.mark.parametrize("names", ["classes.txt", "obj.names"])
def test_yolo_files_beside_the_pictures_with_a_list_of_classes(names: str, tmp_path: Path) -> None:
    root = yolo(tmp_path / "made")
    for folder in ("images", "labels"):
        shutil.copytree(root / folder, tmp_path / "flat", dirs_exist_ok=True)
    (tmp_path / "flat" / names).write_text("cat\ndog\n")
    approximately(boxes_by_stem(tmp_path / "flat"))


def test_yolo_splits_that_hold_images_and_labels(tmp_path: Path) -> None:
    root = yolo(tmp_path / "made")
    for split in ("train", "val"):
        for folder in ("images", "labels"):
            shutil.copytree(root / folder / split, tmp_path / "export" / split / folder)
    content = "train: ../train/images\nval: ../valid/images\nnames: {0: cat, 1: dog}\n"
    (tmp_path / "export" / "data.yaml").write_text(content)
    approximately(boxes_by_stem(tmp_path / "export"))
    examples = read(Request(tmp_path / "export"))
    assert Counter(examples.splits or []) == {"train": 3, "validation": 1}
    assert any("1 pictures have no text file, taken for pictures of nothing" in note for note in examples.notes)


def test_yolo_splits_by_lists_of_pictures_in_a_yaml_file_handed_over(tmp_path: Path) -> None:
    root = yolo(tmp_path)
    (root / "a.txt").write_text("images/train/a.png\nimages/val/d.png\n")
    (root / "b.txt").write_text("images/train/b.png\nimages/train/c.png\n")
    (root / "data.yaml").write_text("train: a.txt\ntest: b.txt\nnames: [cat, dog]\n")
    examples = read(Request(root / "data.yaml"))
    assert dict(zip(examples.ids, examples.splits or [], strict=True)) == {
        "images/train/a.png": "train",
        "images/val/d.png": "train",
        "images/train/b.png": "test",
        "images/train/c.png": "test",
    }


@pytest.mark.parametrize("base", ["", "path: ../images_elsewhere\n"])
def test_yolo_splits_outside_the_folder_of_the_yaml_file(base: str, tmp_path: Path) -> None:
    root, there = yolo(tmp_path / "given"), tmp_path / "images_elsewhere"
    for kind in ("images", "labels"):
        for split in ("train", "val") if base else ("val",):
            shutil.move(root / kind / split, there / kind / split)
    val = "images/val" if base else "../images_elsewhere/images/val"
    (root / "data.yaml").write_text(f"{base}train: images/train\nval: {val}\nnames: {{'0': cat, '1': dog}}\n")
    for source in (root, root / "data.yaml"):
        approximately(boxes_by_stem(source))
        assert Counter(read(Request(source)).splits or []) == {"train": 3, "validation": 1}
    assert "../images_elsewhere/images/val/d.png" in read(Request(root)).ids


def test_yolo_places_that_are_not_there_are_said(tmp_path: Path) -> None:
    root = yolo(tmp_path)
    (root / "data.yaml").write_text("train: images/train\nval: images/val\ntest: ../test/images\nnames: [cat, dog]\n")
    assert "data.yaml names ../test/images for test, which is not there." in read(Request(root)).notes


def test_yolo_pictures_of_no_split_and_without_a_text_file_are_left_out(tmp_path: Path) -> None:
    root = yolo(tmp_path)
    shutil.copy(root / "images" / "val" / "d.png", root / "logo.png")
    examples = read(Request(root))
    assert len(examples) == 4
    assert "Left out, in no split of data.yaml and without a text file: logo.png." in examples.notes


def test_yolo_folders_with_capitals(tmp_path: Path) -> None:
    root = yolo(tmp_path)
    for kind in ("images", "labels"):
        (root / kind).rename(root / kind.capitalize())
    (root / "data.yaml").write_text("train: Images/train\nval: Images/val\nnames: [cat, dog]\n")
    approximately(boxes_by_stem(root))


def test_yolo_polygons_are_kept_with_their_boxes(tmp_path: Path) -> None:
    root = yolo(tmp_path)
    (root / "labels" / "train" / "b.txt").write_text("1 0.25 0.25 0.75 0.25 0.5 0.5\n")
    examples = read(Request(root))
    (box,) = (examples.targets or [])[examples.ids.index("images/train/b.png")]
    assert box.corners == (16, 12, 48, 24)
    assert box.outline == Outline(polygons=((16, 12, 48, 12, 32, 24),))


def test_yolo_key_points_are_no_polygons(tmp_path: Path) -> None:
    root = yolo(tmp_path)
    (root / "data.yaml").write_text((root / "data.yaml").read_text() + "kpt_shape: [2, 3]\n")
    (root / "labels" / "train" / "b.txt").write_text("1 0.5 0.5 0.25 0.5 0.9 0.1 2 0 0 0\n0 0.5 0.5 0.5 0.5\n")
    examples = read(Request(root))
    first, second = (examples.targets or [])[examples.ids.index("images/train/b.png")]
    assert (first.label, first.corners, first.outline) == ("dog", (24, 12, 40, 36), None)
    assert (second.label, second.corners, second.outline) == ("cat", (16, 12, 48, 36), None)
    assert "Key points are left out, and the boxes are read." in examples.notes


def scans_of(root: Path, ending: str) -> None:
    """Medical files in the place of the pictures below a folder, 64 wide and 48 high as these are."""
    scans = pytest.importorskip("scans", reason="the extra medical is not installed")
    for number, path in enumerate(sorted(root.rglob("*.png"))):
        values = np.random.default_rng(number).integers(0, 256, (HEIGHT, WIDTH), np.uint8)
        if number % 2:
            scans.write_dicom(path.with_suffix(".dcm"), values)
        else:
            scans.write_nifti(path.with_suffix(ending), np.stack([values.T] * 3, axis=2), (1, 1, 5))
        path.unlink()


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_boxes_of_medical_files_are_kept(ending: str, tmp_path: Path) -> None:
    root = yolo(tmp_path / "yolo")
    (root / "labels" / "train" / "b.txt").write_text("1 0.25 0.25 0.75 0.25 0.5 0.5\n")
    scans_of(root, ending)
    targets = read(Request(root)).targets or []
    assert [target.size for target in targets] == [(WIDTH, HEIGHT)] * 4
    assert [len(target) for target in targets] == [2, 1, 0, 2]
    assert targets[1].marked[0].outline == Outline(polygons=((16, 12, 48, 12, 32, 24),))
    root, content = coco(tmp_path / "coco"), coco_content("train")
    for image in content["images"]:
        del image["width"], image["height"]
    scans_of(root, ending)
    for image in content["images"]:
        found = next((root / "images" / "train").glob(f"{Path(image['file_name']).stem}.*"))
        image["file_name"] = found.name
    file = root / "annotations" / "instances_train.json"
    file.write_text(json.dumps(content))
    assert [len(target) for target in read(Request(file)).targets or []] == [2, 1, 0]


def test_a_class_that_is_nowhere_asked_for_is_no_class(tmp_path: Path) -> None:
    root, content = coco(tmp_path), coco_content("val")
    content["categories"].append({"id": 3, "name": "ignored regions"})
    content["annotations"][0] |= {"category_id": 3, "iscrowd": 1}
    (root / "annotations" / "instances_val.json").write_text(json.dumps(content))
    targets = read(Request(root)).targets or []
    assert [box.label for target in targets for box in target if not box.asked_for] == ["ignored regions"]


def test_yolo_classes_without_names_are_numbers(tmp_path: Path) -> None:
    root = yolo(tmp_path)
    (root / "data.yaml").unlink()
    examples = read(Request(root))
    assert {box.label for target in examples.targets or [] for box in target} == {"0", "1"}
    assert "nothing names its classes" in examples.source


def test_another_format_beside_is_said(tmp_path: Path) -> None:
    root = coco(tmp_path)
    (root / "data.yaml").write_text("names: [cat, dog]\n")
    assert "YOLO text annotations are there too and were not read." in read(Request(root)).notes


def test_a_class_that_no_picture_to_learn_from_holds(tmp_path: Path) -> None:
    root, content = coco(tmp_path), coco_content("train")
    content["annotations"] = content["annotations"][1:]  # the only cat of the split
    (root / "annotations" / "instances_train.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="class 'cat': it has no box among the pictures to learn from"):
        read(Request(root))
    assert len(read(Request(root, fits=False))) == 4


@pytest.mark.parametrize(("name", "count", "test"), [("bccd_blood_cells", 4886, 72), ("raccoon", 211, 46)])
def test_real_sets(shared: Path, name: str, count: int, test: int) -> None:
    """The counts of the data sets' own README."""
    examples = read(Request(shared / "data" / name))
    assert sum(map(len, examples.targets or [])) == count
    assert Counter(examples.splits or [])["test"] == test
