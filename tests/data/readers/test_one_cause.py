"""One mistake that many boxes rest on is said once, and by the name of its file; the boxes are not blamed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from boxed_pictures import coco, coco_content, yolo
from headstart.core.errors import InputError
from headstart.data.read import read
from headstart.data.readers.base import Request

TRAIN = "annotations/instances_train.json"


def problems(root: Path) -> list[str]:
    with pytest.raises(InputError) as raised:
        read(Request(root))
    return list(map(str, raised.value.problems))


YAML = {
    "no YAML": ("names: [cat, dog\n", "data.yaml line 2: not YAML: "),
    "no names": ("nc: 2\n", "data.yaml: it lacks the key 'names'"),
    "empty": ("", "data.yaml: it is empty"),
    "a number": ("names: 3\n", "data.yaml: its names are 3, neither a list nor a mapping of numbers"),
    "one without a name": ("names: [null, dog]\n", "data.yaml: class 0 is called None"),
    "by word": ("names: {cat: 0}\n", "data.yaml: class 'cat' is called 0"),
    "twice": ("names: [cat, cat]\n", "data.yaml: two classes are called 'cat'"),
    "other bytes": (b"names: [chat\xe9, dog]\n", "data.yaml line 1: byte 12 is 0xe9, which is not UTF-8"),
}


@pytest.mark.parametrize("case", YAML)
def test_a_broken_data_yaml(case: str, tmp_path: Path) -> None:
    content, said = YAML[case]
    root = yolo(tmp_path)
    (root / "data.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    (found,) = problems(root)
    assert found.startswith(said)


def test_a_broken_list_of_names(tmp_path: Path) -> None:
    root = yolo(tmp_path)
    (root / "data.yaml").unlink()
    (root / "classes.txt").write_bytes(b"cat\0dog")
    (found,) = problems(root)
    assert found.startswith("classes.txt line 1: a NUL character")


def test_classes_that_nobody_named_are_said_beside_a_name_that_will_not_do(tmp_path: Path) -> None:
    root = yolo(tmp_path)
    (root / "data.yaml").write_text("names: [cat, '']\n")
    (root / "labels" / "train" / "b.txt").write_text("7 0.5 0.5 0.2 0.2\n")
    assert problems(root) == [
        "data.yaml: class 1 is called ''",
        "labels/train/b.txt line 1: there is no class 7; there are 2 classes, counted from 0",
    ]


def changed(part: str, **values: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Sets keys of the first entry of a list."""

    def change(content: dict[str, Any]) -> dict[str, Any]:
        content[part][0] |= values
        return content

    return change


COCO: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a name that is a number": (changed("categories", name=7), "categories[0]: the name of category 1 is 7"),
    "a name of spaces": (changed("categories", name="  "), "categories[0]: the name of category 1 is '  '"),
    "two of a name": (changed("categories", name="dog"), "categories[1]: two categories are called 'dog'"),
    "a category without id": (changed("categories", id=None), "categories[0]: the id of a category is missing"),
    "no category": (lambda content: {**content, "categories": []}, ": it lists no category"),
    "an image without id": (changed("images", id=None), "images[0]: the id of an image is missing"),
    "an image without file": (changed("images", file_name=None), "image 1: its file_name is missing"),
    "images are null": (
        lambda content: {**content, "images": None},
        ": there is no list under the key 'images', but null",
    ),
    "annotations are null": (
        lambda content: {**content, "annotations": None},
        ": there is no list under the key 'annotations', but null",
    ),
    "annotations are a word": (
        lambda content: {**content, "annotations": "none"},
        ": there is no list under the key 'annotations', but 'none'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", COCO)
def test_a_broken_coco_entry(case: str, tmp_path: Path) -> None:
    change, said = COCO[case]
    root = coco(tmp_path)
    (root / TRAIN).write_text(json.dumps(change(coco_content("train"))))
    (found,) = problems(root)
    assert found.startswith(TRAIN)
    assert said in found
    assert "Did you mean" not in found


@pytest.mark.parametrize("own", [10, "10", 10.0])
def test_an_annotation_id_that_occurs_twice_is_named(own: Any, tmp_path: Path) -> None:
    root, content = coco(tmp_path), coco_content("train")
    content["annotations"].append(content["annotations"][0] | {"id": own})
    (root / TRAIN).write_text(json.dumps(content))
    (found,) = problems(root)
    assert found.startswith(f"{TRAIN} annotation 10: this annotation id occurs twice")


def test_annotations_need_no_id(tmp_path: Path) -> None:
    root, content = coco(tmp_path), coco_content("train")
    for entry in content["annotations"]:
        del entry["id"]
    (root / TRAIN).write_text(json.dumps(content))
    assert len(read(Request(root))) == 4


# -- files that are no UTF-8 are called as all others are -----------------------------------------------------


def test_bytes_of_another_encoding_are_named_with_the_folder_and_the_line(tmp_path: Path) -> None:
    root = coco(tmp_path)
    (root / TRAIN).write_bytes(b'{"images":\n "caf\xe9"}')
    (found,) = problems(root)
    assert found.startswith(f"{TRAIN} line 2: byte 16 is 0xe9, which is not UTF-8")
    assert f"iconv -f WINDOWS-1252 -t UTF-8 {TRAIN} > fixed.json" in found


@pytest.mark.parametrize(
    ("content", "said"),
    [(bytes(range(256)) * 4, "a NUL character"), (bytes(range(1, 256)) * 4, "byte 0 is 0x01, which no text has")],
)
def test_what_is_no_text_is_said_once_and_not_to_be_converted(content: bytes, said: str, tmp_path: Path) -> None:
    root = coco(tmp_path / "coco")
    (root / TRAIN).write_bytes(content)
    (found,) = problems(root)
    assert found.startswith(f"{TRAIN} line 1: {said}")
    assert "iconv" not in found
    root = yolo(tmp_path / "yolo")
    (root / "labels" / "train" / "a.txt").write_bytes(content)
    (found,) = problems(root)
    assert found.startswith(f"labels/train/a.txt line 1: {said}")
    assert "iconv" not in found
