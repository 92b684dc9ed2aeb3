"""Answers that are boxes become COCO JSON that reads back, pictures with the boxes on them, and a table."""

from __future__ import annotations

import io
import json
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageFont
import pytest

from headstart.core.boxes import Box, Boxes
from headstart.data.read import read
from headstart.data.readers.base import Request
from headstart.delivery.answers import Answer, picture_names, write_pictures
from headstart.delivery.boxed_pictures import Boxed, coco_json, drawn, rim, write_boxes
from headstart.tasks.base import Predictions
from headstart.tasks.shapes.box_marks import marks
from headstart.tasks.shapes.pixel_masks import Pixels, pasted

FOUND = [
    [{"label": "dog", "score": 0.9, "edges": [0.25, 0.25, 0.75, 0.5]}],
    [],
]


def test_a_folder_reads_back_as_the_same_boxes(tmp_path: Path) -> None:
    paths = [tmp_path / "in" / name for name in ("a.jpg", "b.png")]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        PIL.Image.new("RGB", (80, 40), "white").save(path)
    predictions = Predictions({"label": ["1 × dog", "nothing"], "probability": [None, None], "boxes": FOUND})
    out = tmp_path / "out"
    answer = Answer(["a.jpg", "b.png"], predictions, [], boxed=Boxed("image", paths, ["cat", "dog"]))
    write_pictures(out, answer)
    assert sorted(p.name for p in out.iterdir()) == ["pictures", "predictions.csv", "predictions.json"]
    content = json.loads((out / "predictions.json").read_text())
    (box,) = content["annotations"]
    assert box == {
        "id": 1, "image_id": 1, "category_id": 2, "bbox": [20, 10, 40, 10], "area": 400, "iscrowd": 0, "score": 0.9,
    }  # fmt: skip
    (out / "predictions.json").rename(tmp_path / "in" / "predictions.json")
    examples = read(Request(tmp_path / "in" / "predictions.json"))
    (first,), second = examples.targets or []
    assert (first.label, first.corners) == ("dog", (20, 10, 60, 20))
    assert len(second) == 0


def test_boxes_are_drawn_where_they_are(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    PIL.Image.new("RGB", (80, 40), "white").save(picture)
    predictions = Predictions({"label": ["1 × dog"], "probability": [None], "boxes": FOUND[:1]})
    answer = Answer(["a.png"], predictions, [], boxed=Boxed("image", [picture], ["cat", "dog"]))
    write_pictures(tmp_path / "out", answer)
    (written,) = (tmp_path / "out" / "pictures").iterdir()
    pixels = np.asarray(PIL.Image.open(written), dtype=int)
    assert pixels.shape == (40, 80, 3)
    red, green, blue = pixels[15, 60]
    assert green > red + 40  # the second class is green
    assert (pixels[35, 5] > 240).all()
    assert green > blue


def test_masks_of_one_picture_at_a_time_are_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mask is as large as its object in the picture, and pictures are many."""
    made, alive = [], []

    def noted(*given: Any) -> Pixels:
        shape = pasted(*given)
        made.append(weakref.ref(shape.bitmap))
        return shape

    def counted(picture: PIL.Image.Image, *given: Any) -> bytes:
        alive.append(sum(each() is not None for each in made))
        return drawn(picture, *given)

    monkeypatch.setattr("headstart.delivery.boxed_pictures.pasted", noted)
    monkeypatch.setattr("headstart.delivery.boxed_pictures.drawn", counted)
    paths = [tmp_path / f"{name}.png" for name in "abc"]
    for path in paths:
        PIL.Image.new("RGB", (80, 40), "white").save(path)
    columns = {"label": ["1 × dog"] * 3, "probability": [None] * 3, "boxes": FOUND[:1] * 3}
    predictions = Predictions({**columns, "masks": [[np.ones((28, 28))]] * 3})
    names = [path.name for path in paths]
    write_boxes(tmp_path / "out", names, names, predictions, Boxed("image", paths, ["cat", "dog"]))
    assert alive == [1, 1, 1]
    content = json.loads((tmp_path / "out" / "predictions.json").read_text())
    assert [(each["id"], each["image_id"]) for each in content["annotations"]] == [(1, 1), (2, 2), (3, 3)]
    assert {each["area"] for each in content["annotations"]} == {400}


def test_an_empty_picture_has_no_annotation() -> None:
    content = coco_json([(1, "a")], [(8, 8)], [[]], {"cat": 1})
    assert content["annotations"] == []
    assert content["images"] == [{"id": 1, "file_name": "a", "width": 8, "height": 8}]


def test_what_became_of_each_box() -> None:
    target = Boxes(
        (Box(0, 0, 40, 40, "cat"), Box(50, 50, 90, 90, "dog"), Box(0, 50, 40, 90, "cat", difficult=True)), (100, 100)
    )
    found = [
        {"label": "cat", "score": 0.9, "edges": [0, 0, 0.4, 0.4]},
        {"label": "cat", "score": 0.8, "edges": [0.5, 0.5, 0.9, 0.9]},
        {"label": "cat", "score": 0.7, "edges": [0, 0.5, 0.4, 0.9]},
    ]
    seen = [(mark.kind, mark.label, mark.score) for mark in marks(target, found)]
    # The second is a dog; the third lies where nothing is asked for.
    assert seen == [("false alarm", "cat", 0.8), ("missed", "dog", None), ("found", "cat", 0.9)]
    assert marks(Boxes((), (10, 10)), []) == []


def letters(side: int) -> int:
    """White pixels of a black picture with a box: those of its words."""
    content = drawn(PIL.Image.new("RGB", (side, side)), FOUND[0], ["dog"])
    return int((np.asarray(PIL.Image.open(io.BytesIO(content))).min(axis=2) > 200).sum())


@pytest.mark.parametrize("times", [2, 4])
def test_words_grow_with_the_picture(times: int) -> None:
    assert letters(360 * times) > 0.7 * times**2 * letters(360)


def test_words_are_never_smaller_than_can_be_read() -> None:
    assert letters(100) > 0.5 * letters(360)


def test_a_class_beyond_ascii_is_no_empty_box(monkeypatch: pytest.MonkeyPatch) -> None:
    """A letter that is missing is drawn as that of U+FFFF, which no font has."""

    def picture(label: str) -> bytes:
        box = {"label": label, "score": 0.9, "edges": [0.1, 0.1, 0.9, 0.9]}
        return drawn(PIL.Image.new("RGB", (360, 360)), [box], [label])

    def missing(words: str, size: float) -> tuple[Any, str]:
        return PIL.ImageFont.load_default(size), words.replace("é", "\uffff")

    written = picture("é")
    monkeypatch.setattr("headstart.delivery.tags.lettered", missing)
    assert written != picture("é")


def test_the_rim_of_a_mask_is_one_pixel_wide() -> None:
    places = np.zeros((6, 7), bool)
    places[1:5, 0:4] = True
    wanted = places.copy()
    wanted[2:4, 1:3] = False
    np.testing.assert_array_equal(rim(places), wanted)


def test_the_number_of_a_uid_is_no_ending_of_which_pictures_are_called() -> None:
    assert picture_names(["ill/1.2.840.78", "IM0001", "01.IMA", "b.tif"]) == [
        "ill/1.2.840.78.png", "IM0001.png", "01.png", "b.png",
    ]  # fmt: skip
    assert picture_names(["IM1", "IM1.dcm"]) == ["IM1.png", "IM1.dcm.png"]
