"""Broken files of each format of boxes, written into a sound folder: what is done to it, and what is to be said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from boxed_pictures import coco, coco_content, voc, voc_content, yolo, yolo_content
from broken_files import Broken

TRAIN = "annotations/instances_train.json"


# -- COCO ------------------------------------------------------------------------------------------------------


def keyed(part: str, place: int, **values: Any) -> Callable[[dict[str, Any]], Any]:
    """Sets keys of an entry; ``...`` takes one away."""

    def change(content: dict[str, Any]) -> dict[str, Any]:
        for key, value in values.items():
            if value is ...:
                del content[part][place][key]
            else:
                content[part][place][key] = value
        return content

    return change


def box(*edges: Any) -> Callable[[dict[str, Any]], Any]:
    return keyed("annotations", 0, bbox=list(edges))


COCO = {
    "zero width": (box(4, 6, 0, 24), "annotation 10: the width of the box is 0"),
    "negative height": (box(4, 6, 16, -2), "annotation 10: the height of the box is -2"),
    "NaN": (box(4, float("nan"), 16, 24), "annotation 10: an edge of the box is not a finite number"),
    "infinite": (box(4, 6, float("inf"), 24), "annotation 10: an edge of the box is not a finite number"),
    "beyond the right": (box(40, 6, 30, 24), "annotation 10: the box (left, top, right, bottom: 40, 6, 70, 30)"),
    "above the top": (box(4, -9, 16, 24), "annotation 10: the box (left, top, right, bottom: 4, -9"),
    "outside altogether": (box(64, 6, 1, 24), "reaches outside the picture of 64×48 pixels"),
    "three numbers": (box(4, 6, 16), "annotation 10: its bbox is 3 numbers, where four are needed"),
    "a word": (box(4, "six", 16, 24), "annotation 10: its bbox holds 'six', which is no number"),
    "a truth": (box(True, 6, 16, 24), "annotation 10: its bbox holds True"),
    "null": (box(None, 6, 16, 24), "annotation 10: its bbox holds missing"),
    "bbox is no list": (keyed("annotations", 0, bbox="4 6 16 24"), "annotation 10: its bbox is '4 6 16 24'"),
    "no bbox": (keyed("annotations", 0, bbox=...), "annotation 10: it lacks the key 'bbox'"),
    "class out of range": (keyed("annotations", 0, category_id=7), "annotation 10: its category_id 7 is none"),
    "no class": (keyed("annotations", 1, category_id=...), "annotation 11: its category_id missing is none"),
    "image that is not there": (keyed("annotations", 0, image_id=99), "annotation 10: its image_id 99 is none"),
    "image id is a list": (keyed("annotations", 0, image_id=[1]), "annotation 10: its image_id [1] is none"),
    "picture file missing": (keyed("images", 0, file_name="gone.png"), "image 1: there is no picture gone.png"),
    "no file name": (keyed("images", 0, file_name=...), "image 1: its file_name is missing"),
    "no image id": (keyed("images", 0, id=...), "images[0]: the id of an image is missing"),
    "image id twice": (keyed("images", 1, id=1), "image 1: this image id occurs twice"),
    "picture twice": (keyed("images", 1, file_name="a.png"), "image 2: its picture images/train/a.png was named by"),
    "another size": (keyed("images", 0, width=128), "image 1: it says that images/train/a.png has 128×48 pixels"),
    "turned": (keyed("images", 0, width=48, height=64), "the picture may be turned by its EXIF data"),
    "size is a word": (keyed("images", 0, width="wide"), "image 1: its width and height are 'wide' and 48"),
    "category without name": (keyed("categories", 0, name=...), "categories[0]: the name of category 1 is missing"),
    "two of a name": (keyed("categories", 0, name="dog"), "categories[1]: two categories are called 'dog'"),
    "odd polygon": (keyed("annotations", 0, segmentation=[[1, 2, 3]]), "its segmentation is neither polygons nor"),
    "runs too short": (
        keyed("annotations", 0, segmentation={"size": [48, 64], "counts": [1, 2]}),
        "annotation 10: its segmentation is neither",
    ),
    "categories are empty": (lambda content: {**content, "categories": []}, "it lists no category"),
    "no categories": (lambda content: {**content, "categories": None}, "there is no list under the key 'categories'"),
    "a key misspelt": (
        lambda content: {"images": content["images"], "annotation": [], "categories": content["categories"]},
        "it lacks the key 'annotations'. Did you mean 'annotation'?",
    ),
    "an entry is a number": (lambda content: {**content, "annotations": [3]}, "annotations[0]: it is 3, not an obj"),
    "a list": (lambda content: [content], "not an object with the keys images, annotations, categories"),
}

COCO_TEXT = {
    "cut short": (lambda text: text[:200], "line 1: not JSON: "),
    "a comma too many": (lambda text: text[:-1] + ",}", "not JSON: "),
    "empty": (lambda text: "", "is empty"),
    "too deep": (lambda text: "[" * 100_000, "it is too deeply nested"),
    "no UTF-8": (lambda text: b'{"images": "\xe9"}', "0xe9, which is not UTF-8"),
}


def rewritten(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], Any]:
    """Writes other content into the file of annotations."""
    return lambda root: (root / TRAIN).write_text(json.dumps(change(coco_content("train"))))


def retyped(change: Callable[[str], str | bytes]) -> Callable[[Path], Any]:
    """Writes other text into it, which need be no JSON."""

    def write(root: Path) -> None:
        text = change((root / TRAIN).read_text())
        (root / TRAIN).write_bytes(text if isinstance(text, bytes) else text.encode())

    return write


# -- Pascal VOC ------------------------------------------------------------------------------------------------


def swapped(old: str, new: str, name: str = "a") -> Callable[[Path], None]:
    """Writes other words into the XML file of a picture."""

    def change(root: Path) -> None:
        text = voc_content("val/d" if name == "d" else f"train/{name}")
        assert old in text
        (root / "Annotations" / f"{name}.xml").write_text(text.replace(old, new, 1))

    return change


def written(content: bytes | str) -> Callable[[Path], None]:
    data = content.encode() if isinstance(content, str) else content
    return lambda root: (root / "Annotations" / "a.xml").write_bytes(data) and None


FIRST = "Annotations/a.xml object 1: "
VOC: dict[str, tuple[Callable[[Path], Any], str]] = {
    "zero width": (swapped("<xmax>20", "<xmax>5"), FIRST + "the box from 5, 7 to 5, 30 has no width"),
    "negative height": (swapped("<ymax>30", "<ymax>2"), FIRST + "the box from 5, 7 to 20, 2 has no width or no"),
    "NaN": (swapped("<xmin>5", "<xmin>nan"), FIRST + "an edge of the box is not a finite number"),
    "infinite": (swapped("<xmax>20", "<xmax>inf"), FIRST + "an edge of the box is not a finite number"),
    "beyond the right": (swapped("<xmax>20", "<xmax>90"), FIRST + "the box (left, top, right, bottom: 4, 6, 90, 30)"),
    "beyond the bottom": (swapped("<ymax>30", "<ymax>60"), "reaches outside the picture of 64×48 pixels"),
    "left of the picture": (swapped("<xmin>5", "<xmin>-7"), FIRST + "the box (left, top, right, bottom: -8"),
    "outside altogether": (
        swapped("<xmin>5</xmin><ymin>7</ymin><xmax>20", "<xmin>70</xmin><ymin>7</ymin><xmax>80"),
        FIRST + "the box",
    ),
    "a word": (swapped("<ymin>7", "<ymin>seven"), FIRST + "its ymin is 'seven', which is no number"),
    "an empty corner": (swapped("<ymin>7", "<ymin>"), FIRST + "its ymin is '', which is no number"),
    "a corner missing": (swapped("<xmin>5</xmin>", ""), FIRST + "its xmin is missing"),
    "no bndbox": (swapped("bndbox><xmin>5", "box><xmin>5"), "not XML: mismatched tag"),
    "another box element": (
        lambda root: (root / "Annotations" / "a.xml").write_text(voc_content("train/a").replace("bndbox", "polygon")),
        FIRST + "it has no bndbox",
    ),
    "no name": (swapped("<name>cat</name>", ""), FIRST + "it has no name of a class"),
    "an empty name": (swapped("<name>cat", "<name> "), FIRST + "it has no name of a class"),
    "second object": (swapped("<xmax>64", "<xmax>31"), "Annotations/a.xml object 2: the box from 31"),
    "another size": (swapped("<width>64", "<width>640"), "a.xml: it says that JPEGImages/a.png has 640×48 pixels"),
    "turned": (
        swapped("<width>64</width><height>48", "<width>48</width><height>64"),
        "the picture may be turned by its EXIF data",
    ),
    "size is a word": (swapped("<width>64", "<width>wide"), "Annotations/a.xml: its size is wide × 48"),
    "picture missing": (lambda root: (root / "JPEGImages" / "a.png").unlink(), "a.xml: there is no picture a.png"),
    "a picture with two files": (
        lambda root: (root / "Annotations" / "e.xml").write_text(voc_content("train/a")),
        "Annotations/e.xml: its picture is that of Annotations/a.xml too",
    ),
    "cut short": (written(voc_content("train/a")[:150]), "Annotations/a.xml line 4: not XML: unclosed token"),
    "a tag unclosed": (swapped("</object>", ""), "not XML: mismatched tag"),
    "empty": (written(""), "Annotations/a.xml line 1: not XML: no element found"),
    "not XML": (written("a cat at 4 6 20 30"), "Annotations/a.xml line 1: not XML: syntax error at character 1"),
    "JSON": (written('{"object": []}'), "Annotations/a.xml line 1: not XML: not well-formed"),
    "another element": (written("<html><body/></html>"), "a.xml: its outermost element is 'html'"),
    "no UTF-8": (written(b"<annotation><filename>\xe9</filename></annotation>"), "a.xml line 1: not XML: not well-f"),
    "an unknown encoding": (
        written('<?xml version="1.0" encoding="martian"?><annotation/>'),
        "Annotations/a.xml: it cannot be read (unknown encoding: martian)",
    ),
    "an unknown entity": (written("<annotation>&cat;</annotation>"), "a.xml line 1: not XML: undefined entity"),
    "a bomb of entities": (
        written(
            '<!DOCTYPE a [<!ENTITY a "' + "ha" * 50 + '">'
            + "".join(f'<!ENTITY {"abcdefghijk"[i + 1]} "{("&" + "abcdefghijk"[i] + ";") * 20}">' for i in range(9))
            + "]><annotation>&j;</annotation>"
        ),
        "Annotations/a.xml line 1: not XML: limit on input amplification",
    ),
    "a list names what has no file": (
        lambda root: (root / "ImageSets" / "Main" / "train.txt").write_text("a\nb\nc\nz\n"),
        "ImageSets/Main/train.txt line 4: there is no annotation of z",
    ),
}  # fmt: skip


# -- YOLO ------------------------------------------------------------------------------------------------------


def lined(text: str | bytes) -> Callable[[Path], Any]:
    """Writes the text file of picture a after its first line."""
    data = text.encode() if isinstance(text, str) else text
    first = yolo_content("train/a").splitlines(keepends=True)[0].encode()
    return lambda root: (root / "labels" / "train" / "a.txt").write_bytes(first + data)


def described(text: str | bytes) -> Callable[[Path], Any]:
    data = text.encode() if isinstance(text, str) else text
    return lambda root: (root / "data.yaml").write_bytes(data)


SECOND = "labels/train/a.txt line 2: "
YOLO: dict[str, tuple[Callable[[Path], Any], str]] = {
    "four numbers": (lined("1 0.5 0.5 0.2\n"), SECOND + "it holds 4 numbers, where these are needed"),
    "one number": (lined("1\n"), SECOND + "it holds 1 numbers"),
    "six numbers": (lined("1 0.5 0.5 0.2 0.2 0.9\n"), SECOND + "it holds 6 numbers"),
    "a confidence": (lined("1 0.5 0.5 0.2 0.2 0.9\n"), "the sixth may be a confidence, which predictions have"),
    "one class alone": (described("names: [cat]\n"), "there is no class 1; there is 1 class, counted from 0"),
    "an even polygon": (lined("1 .1 .1 .2 .2 .3 .3 .4\n"), SECOND + "it holds 8 numbers"),
    "commas": (lined("1,0.5,0.5,0.2,0.2\n"), SECOND + "it holds 1 numbers"),
    "zero width": (lined("1 0.5 0.5 0 0.2\n"), SECOND + "the width and height of the box are 0 and 0.2"),
    "negative height": (lined("1 0.5 0.5 0.2 -0.2\n"), SECOND + "the width and height of the box are 0.2 and -0.2"),
    "NaN": (lined("1 nan 0.5 0.2 0.2\n"), SECOND + "nan is no share of the picture"),
    "infinite": (lined("1 0.5 0.5 inf 0.2\n"), SECOND + "inf is no share of the picture"),
    "pixels": (lined("1 32 24 10 10\n"), SECOND + "32 is no share of the picture: in pixels?"),
    "beyond the right": (lined("1 0.9 0.5 0.4 0.2\n"), SECOND + "the box (left, top, right, bottom: 44.8, "),
    "above the top": (lined("1 0.5 0.05 0.2 0.4\n"), SECOND + "the box"),
    "outside altogether": (lined("1 1.5 0.5 0.2 0.2\n"), "reaches outside the picture of 64×48 pixels"),
    "a polygon outside": (lined("1 0.5 0.5 1.5 0.5 0.7 0.9\n"), SECOND + "the box"),
    "a flat polygon": (lined("1 0.1 0.5 0.3 0.5 0.7 0.5\n"), SECOND + "the height of the box is 0"),
    "a word": (lined("1 half 0.5 0.2 0.2\n"), SECOND + "'half' is no number"),
    "a class by name": (lined("dog 0.5 0.5 0.2 0.2\n"), SECOND + "the class is 'dog', not a whole number"),
    "a class with a point": (lined("1.0 0.5 0.5 0.2 0.2\n"), SECOND + "the class is '1.0', not a whole number"),
    "class out of range": (lined("2 0.5 0.5 0.2 0.2\n"), SECOND + "there is no class 2; there are 2 classes"),
    "class below 0": (lined("-1 0.5 0.5 0.2 0.2\n"), SECOND + "there is no class -1"),
    "third line": (lined("1 0.5 0.5 0.2 0.2\n\n1 0.5\n"), "labels/train/a.txt line 4: it holds 2 numbers"),
    "no UTF-8": (lined(b"1 0.5 \xe9 0.2 0.2\n"), SECOND + "byte "),
    "an archive": (
        lambda root: (root / "labels" / "train" / "a.txt").write_bytes(b"PK\x03\x04abc"),
        "labels/train/a.txt: it is no text but an Excel workbook or a zip archive",
    ),
    "a NUL": (lined("1 0.5 \0 0.2 0.2\n"), SECOND + "a NUL character"),
    "picture missing": (
        lambda root: (root / "labels" / "train" / "z.txt").write_text("0 0.5 0.5 0.2 0.2\n"),
        "labels/train/z.txt: there is no picture z",
    ),
    "yaml that does not parse": (described("names: [cat, dog\ntrain: x\n"), "data.yaml line 2: not YAML: "),
    "yaml without names": (described("train: images/train\nnc: 2\n"), "data.yaml: it lacks the key 'names'"),
    "yaml is a list": (described("- cat\n- dog\n"), "data.yaml: it lacks the key 'names'"),
    "yaml is empty": (described(""), "data.yaml: it is empty"),
    "names are a word": (described("names: cat\n"), "data.yaml: its names are 'cat', neither a list nor a mapping"),
    "names by word": (described("names: {cat: 0, dog: 1}\n"), "data.yaml: class 'cat' is called 0"),
    "two of a name": (described("names: [cat, cat]\n"), "data.yaml: two classes are called 'cat'"),
    "an empty name": (described("names: [cat, '']\n"), "data.yaml: class 1 is called ''"),
    "another number of names": (described("nc: 3\nnames: [cat, dog]\n"), "data.yaml: nc says 3 classes, and 2 are"),
    "yaml with code": (
        described("names: !!python/object/apply:os.system ['true']\n"),
        "data.yaml line 1: not YAML: could not determine a constructor",
    ),
}


FORMATS = {
    "COCO JSON": Broken(
        coco,
        {
            **{name: (rewritten(change), said) for name, (change, said) in COCO.items()},
            **{name: (retyped(change), said) for name, (change, said) in COCO_TEXT.items()},
        },
        "instances_train.json",
    ),
    "Pascal VOC XML": Broken(voc, VOC),
    "YOLO text": Broken(yolo, YOLO),
}
