"""Masks of single objects: numbers of objects in one file a picture, a file an object, and folders of classes."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headstart.core.boxes import Box, Boxes
from headstart.core.errors import InputError
from headstart.core.masks import Mask, usual_colour
from headstart.core.outlines import run_lengths, runs_of, unrolled
from headstart.core.progress import Progress
from headstart.core.spec import FitSpec
from headstart.data.examples import Examples
from headstart.data.read import read
from headstart.data.readers.base import Request
from headstart.experiment.material import find
from headstart.tasks.instances import Instances
from masked_pictures import SIZE, mask, picture

NUMBERS = np.zeros(SIZE[::-1], np.uint16)
NUMBERS[1:4, 2:5] = 7
NUMBERS[3, 4] = 0
NUMBERS[5:8, 0:3] = 300
NUMBERS[0:2, 9:12] = 300  # in two parts


def objects(root: Path) -> Examples:
    return read(Request(root, objects=True))


def pixels(box: Box) -> np.ndarray:
    assert box.outline is not None
    return unrolled(runs_of(box.outline), box.outline.size)


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_each_number_is_an_object(ending: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        picture(tmp_path / "images" / f"{name}.jpg")
        mask(tmp_path / "masks" / f"{name}_mask.{ending}", NUMBERS if name == "a" else np.zeros_like(NUMBERS))
    examples = objects(tmp_path)
    first, second = examples.targets or []
    assert isinstance(first, Boxes)
    assert first.size == SIZE
    assert [(box.label, box.corners) for box in first] == [("object", (2, 1, 5, 4)), ("object", (0, 0, 12, 8))]
    for box, number in zip(first, (7, 300), strict=True):
        np.testing.assert_array_equal(pixels(box), number == NUMBERS)
    assert len(second) == 0
    assert "2 with an outline" in examples.notes[0]


def test_without_being_asked_for_numbers_are_classes(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg")
    mask(tmp_path / "masks" / "a.png", (NUMBERS > 0).astype(np.uint8))
    assert isinstance((read(Request(tmp_path)).targets or [])[0], Mask)


def test_an_object_a_file_is_told_by_its_folder(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "images" / "a.png")
    picture(tmp_path / "train" / "images" / "b.png")
    for name, number in (("1", 7), ("2", 300)):
        mask(tmp_path / "train" / "masks" / "a" / f"{name}.png", 255 * (number == NUMBERS).astype(np.uint8))
    mask(tmp_path / "train" / "masks" / "b" / "1.png", 255 * (NUMBERS == 7).astype(np.uint8))
    examples = read(Request(tmp_path))
    assert [len(target) for target in examples.targets or []] == [2, 1]
    assert [box.corners for box in (examples.targets or [])[0]] == [(2, 1, 5, 4), (0, 0, 12, 8)]
    assert examples.splits == ["train", "train"]


def test_folders_may_be_classes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        picture(tmp_path / "images" / f"{name}.png")
        mask(tmp_path / "masks" / "cell" / f"{name}.png", NUMBERS)
    mask(tmp_path / "masks" / "debris" / "b" / "1.png", (NUMBERS == 7).astype(np.uint8))
    first, second = objects(tmp_path).targets or []
    assert [box.label for box in first] == ["cell", "cell"]
    assert [box.label for box in second] == ["cell", "cell", "debris"]


def test_a_class_file_names_the_one_class_or_those_of_the_thousands(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    mask(tmp_path / "masks" / "a.png", NUMBERS)
    (tmp_path / "classes.txt").write_text("background\nnucleus\n")
    assert [box.label for box in (objects(tmp_path).targets or [])[0]] == ["nucleus", "nucleus"]
    (tmp_path / "classes.txt").write_text("name,value\nbackground,0\nnucleus,1\ncell,26\nvoid,27\n")
    several = np.where(NUMBERS == 7, 26_001, np.where(NUMBERS == 300, 1_002, 0)).astype(np.uint16)
    several[7, 11], several[7, 10] = 27_000, 5
    mask(tmp_path / "masks" / "a.png", several)
    assert [box.label for box in (objects(tmp_path).targets or [])[0]] == ["nucleus", "cell"]


def test_all_mistakes_are_told_by_file(tmp_path: Path) -> None:
    for name in ("small", "float", "colour", "many", "none", "broken", "below", "good"):
        picture(tmp_path / "images" / f"{name}.png", (40, 40) if name == "many" else SIZE)
    masks = tmp_path / "masks"
    mask(masks / "good.png", NUMBERS)
    mask(masks / "small.png", NUMBERS[:4])
    mask(masks / "float.tif", NUMBERS.astype(np.float32) / 2)
    mask(masks / "colour.png", np.dstack([NUMBERS, NUMBERS * 0, NUMBERS]).astype(np.uint8))
    mask(masks / "many.png", np.arange(1600, dtype=np.uint16).reshape(40, 40))
    mask(masks / "below.tif", -NUMBERS.astype(np.int32))
    (masks / "broken.png").write_bytes(b"no picture")
    mask(masks / "stranger.png", NUMBERS)
    with pytest.raises(InputError) as raised:
        objects(tmp_path)
    said = str(raised.value)
    for words in (
        "masks/small.png: the mask has 12×4 pixels and its picture 12×8",
        "masks/float.tif: its pixels hold 3.5",
        "masks/colour.png: its pixels are colours",
        "masks/many.png: its pixels hold 1,599 numbers",
        "masks/below.tif: its pixels hold the number -300",
        "masks/broken.png: the mask cannot be read",
        "masks/stranger.png: this mask has no picture",
        "images/none.png: this picture has no mask",
    ):
        assert words in said
    assert "good.png" not in said


def test_a_number_of_no_class_is_told(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    mask(tmp_path / "masks" / "a.png", NUMBERS)
    (tmp_path / "classes.txt").write_text("name,value\nnucleus,1\ncell,2\n")
    with pytest.raises(InputError, match=r"masks/a.png: its pixels hold the number 7, of no class.*2 classes"):
        objects(tmp_path)


def test_masks_that_tell_no_objects_apart_are_noticed(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    mask(tmp_path / "masks" / "a.png", 255 * (NUMBERS > 0).astype(np.uint8))
    examples = objects(tmp_path)
    assert len((examples.targets or [])[0]) == 1
    assert any("tell no objects apart" in note for note in examples.notes)


def test_run_lengths_are_those_of_the_bitmap() -> None:
    for bitmap in (NUMBERS == 7, NUMBERS == 300, NUMBERS >= 0, NUMBERS < 0):
        counts = run_lengths(bitmap)
        np.testing.assert_array_equal(unrolled(counts, SIZE), bitmap)
        assert all(count > 0 for count in counts[1:])


def test_a_fit_learns_from_numbers(tmp_path: Path) -> None:
    for number in range(8):
        picture(tmp_path / "images" / f"{number}.png")
        mask(tmp_path / "masks" / f"{number}.png", NUMBERS)
    found = find(FitSpec(tmp_path, task="instances"), Progress(quiet=True))
    assert found.task.describe()["labels"] == ["object"]
    assert [len(target) for target in found.examples.targets or []] == [2] * 8


# -- Pascal VOC: masks of objects beside those of classes ----------------------------------------------------------

PERSON, HORSE = 15, 13
CLASSED = np.where(NUMBERS == 7, PERSON, np.where(NUMBERS == 300, HORSE, 0)).astype(np.uint8)
CLASSED[1, 2] = 255  # the rim of an object is ignored
NUMBERED = np.where(NUMBERS == 7, 1, np.where(NUMBERS == 300, 2, 0)).astype(np.uint8)
NUMBERED[1, 2] = 255


def palette_mask(path: Path, numbers: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(numbers)
    image.putpalette([value for place in range(256) for value in usual_colour(place)])
    image.save(path)


def segmented_voc(root: Path, boxed: bool = True) -> Path:
    """Pictures a, b and d of Pascal VOC's miniature; a and d have masks, and lists say so."""
    for name in "abd":
        picture(root / "JPEGImages" / f"{name}.jpg")
        if boxed:
            (root / "Annotations").mkdir(exist_ok=True)
            box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>4</xmax><ymax>4</ymax></bndbox>"
            text = f"<annotation><object><name>person</name>{box}</object></annotation>"
            (root / "Annotations" / f"{name}.xml").write_text(text)
    for name in "ad":
        palette_mask(root / "SegmentationClass" / f"{name}.png", CLASSED)
        palette_mask(root / "SegmentationObject" / f"{name}.png", NUMBERED)
    (root / "ImageSets" / "Segmentation").mkdir(parents=True)
    for split, stem in (("train", "a"), ("val", "d")):
        (root / "ImageSets" / "Segmentation" / f"{split}.txt").write_text(stem)
    return root


def outlined(root: Path) -> Examples:
    return read(Request(root, objects=True, outlined=True))


@pytest.mark.parametrize("boxed", [True, False])
def test_objects_of_pascal_voc_have_the_class_of_most_of_their_pixels(boxed: bool, tmp_path: Path) -> None:
    examples = outlined(segmented_voc(tmp_path, boxed))
    assert examples.ids == ["JPEGImages/a.jpg", "JPEGImages/d.jpg"]
    assert examples.splits == ["train", "validation"]
    for boxes in examples.targets or []:
        assert [(box.label, box.corners) for box in boxes] == [("15", (2, 1, 5, 4)), ("13", (0, 0, 12, 8))]
        np.testing.assert_array_equal(pixels(next(iter(boxes))), NUMBERED == 1)
    assert any("a class file (classes.txt) names them" in note for note in examples.notes)
    (tmp_path / "classes.csv").write_text("background,0\nhorse,13\nperson,15\n")
    assert [box.label for box in (outlined(tmp_path).targets or [])[0]] == ["person", "horse"]


def test_classes_of_objects_may_be_colours(tmp_path: Path) -> None:
    root = segmented_voc(tmp_path)
    for name in "ad":
        colours = np.array([usual_colour(value) for value in range(256)], np.uint8)[CLASSED]
        mask(root / "SegmentationClass" / f"{name}.png", colours)
    assert [box.label for box in (outlined(root).targets or [])[0]] == ["#c08080", "#c00080"]
    names = {"background": 0, "horse": HORSE, "person": PERSON, "void": 255}
    lines = [",".join([name, *map(str, usual_colour(value))]) for name, value in names.items()]
    (root / "classes.csv").write_text("\n".join(lines))
    assert [box.label for box in (outlined(root).targets or [])[0]] == ["person", "horse"]


def test_boxes_of_pascal_voc_are_boxes_where_no_outline_is_asked_for(tmp_path: Path) -> None:
    examples = objects(segmented_voc(tmp_path))
    assert examples.ids == [f"JPEGImages/{name}.jpg" for name in "abd"]
    assert all(box.outline is None for boxes in examples.targets or [] for box in boxes)
    assert "Masks are there too; --task segmentation or instances reads them." in examples.notes


def test_masks_of_classes_alone_are_no_objects(tmp_path: Path) -> None:
    root = segmented_voc(tmp_path, boxed=False)
    shutil.rmtree(root / "SegmentationObject")
    with pytest.raises(InputError, match=r"SegmentationClass: its masks are of classes, and tell no objects apart"):
        outlined(root)
    segmented_voc(tmp_path / "boxed")
    shutil.rmtree(tmp_path / "boxed" / "SegmentationObject")
    targets = outlined(tmp_path / "boxed").targets or []
    with pytest.raises(InputError, match=r"numbers of objects \(SegmentationObject/ in Pascal VOC\)"):
        Instances.from_targets(targets)


def test_broken_masks_of_pascal_voc_are_named(tmp_path: Path) -> None:
    root = segmented_voc(tmp_path)
    nobody = np.where(NUMBERED == 2, 0, CLASSED)
    palette_mask(root / "SegmentationClass" / "a.png", nobody)
    palette_mask(root / "SegmentationClass" / "d.png", CLASSED[:4])
    with pytest.raises(InputError) as raised:
        outlined(root)
    said = str(raised.value)
    assert "SegmentationObject/a.png: object 2 has no class: in SegmentationClass/a.png its pixels are" in said
    assert "SegmentationObject/d.png: the mask is not of the size of SegmentationClass/d.png" in said
    (root / "SegmentationClass" / "a.png").write_bytes(b"no picture")
    (root / "SegmentationClass" / "d.png").unlink()
    with pytest.raises(InputError) as raised:
        outlined(root)
    said = str(raised.value)
    assert "SegmentationObject/a.png: SegmentationClass/a.png, the mask of its classes: the mask cannot be" in said
    assert "SegmentationObject/d.png: this mask of objects has none of classes" in said


def test_a_class_that_no_class_file_names_is_told(tmp_path: Path) -> None:
    root = segmented_voc(tmp_path)
    (root / "classes.csv").write_text("background,0\nperson,15\n")
    with pytest.raises(InputError, match=r"SegmentationClass/a.png holds 13, which is no class of classes.csv"):
        outlined(root)


def test_a_fit_asks_for_the_outlines_of_pascal_voc(tmp_path: Path) -> None:
    found = find(FitSpec(segmented_voc(tmp_path), task="instances"), Progress(quiet=True))
    assert found.task.describe()["labels"] == ["13", "15"]
