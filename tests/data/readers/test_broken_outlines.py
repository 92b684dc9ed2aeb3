"""Broken outlines of objects: each a message that names file and box, none a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from boxed_pictures import HEIGHT, WIDTH, coco, coco_content
from headstart.core.errors import InputError
from headstart.core.outlines import compressed, run_lengths
from headstart.data.read import read
from headstart.data.readers.base import Request
from headstart.tasks.instances import Instances
from outlined_shapes import bitmap_of

TRAIN = "annotations/instances_train.json"


def outlined_content(split: str) -> dict[str, Any]:
    """The boxes of the miniature data set, each outlined by its own corners."""
    content = coco_content(split)
    for entry in content["annotations"]:
        x, y, width, height = entry["bbox"]
        entry["segmentation"] = [[x, y, x + width, y, x + width, y + height, x, y + height]]
    return content


def written(root: Path, outline: Any, crowd: bool = False) -> Path:
    """The data set, with another outline of the first box (annotation 10, of ``images/train/a.png``)."""
    coco(root)
    for split in ("train", "val"):
        content = outlined_content(split)
        if split == "train":
            content["annotations"][0] |= {"segmentation": outline, "iscrowd": int(crowd)}
        (root / "annotations" / f"instances_{split}.json").write_text(json.dumps(content))
    return root


WHOLE = run_lengths(bitmap_of([4, 6, 20, 6, 20, 30, 4, 30])[:HEIGHT, :WIDTH])
SIZE = [HEIGHT, WIDTH]

IN_THE_FILE = {
    "two points": [[4, 6, 20, 30]],
    "odd number": [[4, 6, 20, 6, 20, 30, 4]],
    "a word": [[4, 6, "x", 6, 20, 30]],
    "points, not a list of polygons": [4, 6, 20, 6, 20, 30],
    "a number": 7,
    "a word alone": "4 6 20 6",
    "runs without size": {"counts": WHOLE},
    "size of three": {"size": [48, 64, 1], "counts": WHOLE},
    "negative run": {"size": SIZE, "counts": [-1, 1, WIDTH * HEIGHT]},
    "runs too few": {"size": SIZE, "counts": [10, 20]},
    "runs are none": {"size": SIZE, "counts": None},
}

OF_THE_BOX = {
    "none": ([], "it has no outline"),
    "nothing": (None, "it has no outline"),
    "elsewhere": ([[40, 30, 50, 30, 50, 40]], "its outline covers nothing of its box"),
    "not finite": ([[4, 6, float("nan"), 6, 20, 30]], "a point of its outline is not a finite number"),
    "beyond all numbers": ([[4, 6, 10**400, 6, 20, 30]], "a point of its outline is not a finite number"),
    "of another picture": ({"size": [9, 10], "counts": [0, 90]}, "are of 10×9 pixels, and the picture has 64×48"),
    "sides exchanged": ({"size": SIZE[::-1], "counts": WHOLE}, "are of 48×64 pixels, and the picture has 64×48"),
    "empty bitmap": ({"size": SIZE, "counts": [WIDTH * HEIGHT]}, "its outline covers nothing of its box"),
    "text too short": ({"size": SIZE, "counts": compressed(WHOLE[:-1])}, "do not add up to the 64×48 pixels"),
    "text cut in a number": ({"size": SIZE, "counts": compressed(WHOLE)[:-1] + "o"}, "end in the middle of a number"),
    "no such letter": ({"size": SIZE, "counts": "12 3"}, "hold ' ', which no compressed number has"),
}


@pytest.mark.parametrize("case", IN_THE_FILE)
def test_what_is_no_outline_is_named_by_annotation(case: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        read(Request(written(tmp_path, IN_THE_FILE[case])))
    assert "instances_train.json annotation 10: its segmentation is neither polygons nor run lengths" in str(
        raised.value
    )


@pytest.mark.parametrize("case", OF_THE_BOX)
def test_what_outlines_nothing_is_named_by_picture_and_box(case: str, tmp_path: Path) -> None:
    outline, said = OF_THE_BOX[case]
    found = read(Request(written(tmp_path, outline)))
    targets = list(found.targets or [])
    (problem,) = Instances.from_targets(targets).problems(found.ids, targets)
    assert str(problem).startswith("images/train/a.png: box 1 of 2 (cat): ")
    assert said in str(problem)


@pytest.mark.parametrize("case", [name for name, (outline, _) in OF_THE_BOX.items() if outline])
def test_the_outline_of_a_crowd_is_looked_at_too(case: str, tmp_path: Path) -> None:
    outline, said = OF_THE_BOX[case]
    found = read(Request(written(tmp_path, outline, crowd=True)))
    targets = list(found.targets or [])
    (problem,) = Instances.from_targets(targets).problems(found.ids, targets)
    assert said in str(problem)


def test_a_crowd_without_outline_is_all_of_its_box(tmp_path: Path) -> None:
    targets = list(read(Request(written(tmp_path, None, crowd=True))).targets or [])
    assert Instances.from_targets(targets).encode(targets).isfinite().all()


def test_a_size_of_whole_floats_is_a_size(tmp_path: Path) -> None:
    found = read(Request(written(tmp_path, {"size": [float(HEIGHT), float(WIDTH)], "counts": WHOLE})))
    targets = list(found.targets or [])
    assert Instances.from_targets(targets).encode(targets).isfinite().all()


def test_a_sound_file_has_no_problem_and_boxes_alone_are_refused(tmp_path: Path) -> None:
    found = read(Request(written(tmp_path / "a", {"size": SIZE, "counts": compressed(WHOLE)})))
    targets = list(found.targets or [])
    assert not Instances.from_targets(targets).problems(found.ids, targets)
    boxes = list(read(Request(coco(tmp_path / "b"))).targets or [])
    with pytest.raises(InputError, match="Instances need outlines of objects"):
        Instances.from_targets(boxes)
