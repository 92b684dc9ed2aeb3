"""The same four pictures and their boxes as COCO JSON, Pascal VOC XML and YOLO text files."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 64, 48
LABELS = ["cat", "dog"]
BOXES: dict[str, list[tuple[str, int, int, int, int]]] = {
    "train/a": [("cat", 4, 6, 20, 30), ("dog", 30, 8, 64, 48)],
    "train/b": [("dog", 0, 0, 10, 12)],
    "train/c": [],
    "val/d": [("cat", 8, 8, 24, 24), ("cat", 40, 20, 50, 40)],
}
"""Split and stem of a picture → class, left, top, right, bottom in pixels."""


def pictures(folder: Path, seed: int = 0) -> None:
    """The pictures, each unlike the others, in a folder a split."""
    for number, name in enumerate(BOXES):
        path = folder / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed + number).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
        Image.fromarray(pixels).save(path)


def coco_content(split: str) -> dict[str, Any]:
    """What a COCO file of this split holds."""
    names = [name for name in BOXES if name.startswith(split)]
    images = [
        {"id": number, "file_name": f"{name.split('/')[1]}.png", "width": WIDTH, "height": HEIGHT}
        for number, name in enumerate(names, 1)
    ]
    boxes = [(number, *box) for number, name in enumerate(names, 1) for box in BOXES[name]]
    annotations = [
        {
            "id": 10 + place,
            "image_id": number,
            "category_id": LABELS.index(label) + 1,
            "bbox": [left, top, right - left, bottom - top],
            "area": (right - left) * (bottom - top),
            "iscrowd": 0,
        }
        for place, (number, label, left, top, right, bottom) in enumerate(boxes)
    ]
    categories = [{"id": place, "name": label} for place, label in enumerate(LABELS, 1)]
    return copy.deepcopy({"images": images, "annotations": annotations, "categories": categories})


def coco(root: Path) -> Path:
    """``images/train`` and ``annotations/instances_train.json``, the same for val."""
    pictures(root / "images")
    (root / "annotations").mkdir(parents=True)
    for split in ("train", "val"):
        (root / "annotations" / f"instances_{split}.json").write_text(json.dumps(coco_content(split)))
    return root


def voc_content(name: str) -> str:
    """What the XML file of a picture holds; pixels count from 1, the last one included."""
    objects = "\n".join(
        f"<object><name>{label}</name><difficult>0</difficult><bndbox><xmin>{left + 1}</xmin><ymin>{top + 1}</ymin>"
        f"<xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox></object>"
        for label, left, top, right, bottom in BOXES[name]
    )
    stem = name.split("/")[1]
    size = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height><depth>3</depth></size>"
    return f"<annotation>\n<filename>{stem}.png</filename>\n{size}\n{objects}\n</annotation>\n"


def voc(root: Path) -> Path:
    """``JPEGImages``, ``Annotations`` and ``ImageSets/Main``."""
    pictures(root / "made")
    for folder in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (root / folder).mkdir(parents=True)
    listed: dict[str, list[str]] = {}
    for name in BOXES:
        split, stem = name.split("/")
        (root / "made" / f"{name}.png").rename(root / "JPEGImages" / f"{stem}.png")
        (root / "Annotations" / f"{stem}.xml").write_text(voc_content(name))
        listed.setdefault(split, []).append(stem)
    for split, stems in listed.items():
        (root / "made" / split).rmdir()
        (root / "ImageSets" / "Main" / f"{split}.txt").write_text("\n".join(stems) + "\n")
    (root / "made").rmdir()
    return root


def yolo_content(name: str) -> str:
    """The lines of a picture."""
    return "".join(
        f"{LABELS.index(label)} {(left + right) / 2 / WIDTH} {(top + bottom) / 2 / HEIGHT} {(right - left) / WIDTH} "
        f"{(bottom - top) / HEIGHT}\n"
        for label, left, top, right, bottom in BOXES[name]
    )


def yolo(root: Path) -> Path:
    """``images/train``, ``labels/train`` and ``data.yaml``; a picture without boxes has no text file."""
    pictures(root / "images")
    for name in BOXES:
        path = root / "labels" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        if text := yolo_content(name):
            path.write_text(text)
    (root / "data.yaml").write_text("train: images/train\nval: images/val\nnc: 2\nnames: [cat, dog]\n")
    return root


FORMATS = {"coco": coco, "pascal_voc": voc, "yolo": yolo}
