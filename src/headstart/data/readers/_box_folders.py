"""Where a folder holds boxes, as COCO JSON, Pascal VOC XML or YOLO text: told by names and a first look."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from headstart.data.readers._kinds_of_input import bare_name

BoxFormat = Literal["COCO JSON", "Pascal VOC XML", "YOLO text"]

NAMES_FILES = frozenset({"classes.txt", "obj.names", "_darknet.labels"})
"""Files that list the classes of YOLO's text files, one a line."""

_YAML = frozenset({".yaml", ".yml"})
_JSON_WORDS = ("coco", "instances")
_KEYS = (b'"annotations"', b'"images"', b'"categories"')
_FIRST_LOOK, _MOST_JSON = 65536, 20
_ANNOTATIONS, _LABELS = "annotations", "labels"


def box_formats(folder: Path) -> list[BoxFormat]:
    """The formats whose annotations lie in the folder; the first is the one to read."""
    found: dict[BoxFormat, bool] = {
        "COCO JSON": bool(coco_files(folder)),
        "Pascal VOC XML": next(voc_files(folder), None) is not None,
        "YOLO text": bool(label_folders(folder)) or bool(data_yaml(folder)),
    }
    return [name for name, there in found.items() if there]


def coco_files(folder: Path) -> list[Path]:
    """The JSON files of boxes in a folder, its ``annotations`` and the folders below it; sorted.

    Where some are called instances, what else lies there (captions, keypoints) is left out.
    """
    places = [folder, *_folders(folder)]
    places += [inner for place in places[1:] for inner in _folders(place) if inner.name.lower() == _ANNOTATIONS]
    files = [path for place in places for path in _json_of_many(place) if _is_coco(path)]
    return [path for path in files if "instances" in path.stem.lower()] or files


def voc_files(folder: Path) -> Iterator[Path]:
    """The XML files of boxes: in ``Annotations``, or beside the pictures of the folder and those below it."""
    places = [folder, *_folders(folder)]
    places += [inner for place in places[1:] for inner in _folders(place)]
    for place in places:
        yield from (path for path in _files(place, ".xml") if _is_voc(path))


def label_folders(folder: Path) -> list[Path]:
    """The folders of YOLO's text files: called ``labels``, or holding both texts and a list of classes."""
    places = [folder, *_folders(folder)]
    places += [inner for place in places[1:] for inner in _folders(place)]
    named = [place for place in places[1:] if place.name.lower() == _LABELS and _holds_texts(place)]
    if named:
        return named
    listed = bool(names_files(folder))
    return [place for place in places if listed and _beside_pictures(place)]


def names_files(folder: Path) -> list[Path]:
    """The lists of classes in a folder or one below it."""
    return [path for place in (folder, *_folders(folder)) for path in _files(place) if path.name in NAMES_FILES]


def data_yaml(folder: Path) -> Path | None:
    """The YAML file that names the classes of YOLO's text files, and where its pictures lie."""
    files = [path for path in _files(folder) if path.suffix.lower() in _YAML]
    return next((path for path in files if path.stem.lower() == "data"), None) or next(
        (path for path in files if b"names:" in _head(path)), None
    )


def _holds_texts(folder: Path) -> bool:
    return any(path.suffix.lower() == ".txt" for path in folder.rglob("*"))


def _beside_pictures(folder: Path) -> bool:
    """Whether some text file has the name of another file beside it."""
    texts = {path.stem for path in _files(folder, ".txt")}
    return bool(texts) and any(bare_name(path) in texts for path in _files(folder) if path.suffix.lower() != ".txt")


def _json_of_many(folder: Path) -> list[Path]:
    """JSON files that may be about many pictures: where there are many of them, each is about one."""
    files = _files(folder, ".json")
    return files if len(files) <= _MOST_JSON else []


def _is_coco(path: Path) -> bool:
    name = path.stem.lower()
    if path.parent.name.lower() == _ANNOTATIONS or any(word in name for word in _JSON_WORDS):
        return True
    found = _head(path)
    return sum(key in found for key in _KEYS) >= 2


def _is_voc(path: Path) -> bool:
    return path.parent.name.lower() == _ANNOTATIONS or b"<annotation" in _head(path)


def _head(path: Path) -> bytes:
    """The beginning and the end of a file: a first look, however large it is."""
    try:
        with path.open("rb") as file:
            head = file.read(_FIRST_LOOK)
            size = file.seek(0, 2)
            file.seek(max(_FIRST_LOOK, size - _FIRST_LOOK))
            return head + file.read(_FIRST_LOOK)
    except OSError:
        return b""


def _folders(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return sorted(Path(each.path) for each in entries if not each.name.startswith(".") and each.is_dir())


def _files(folder: Path, suffix: str = "") -> list[Path]:
    """Of scandir, for it tells files from folders without asking the disk about each: there may be 100,000."""
    with os.scandir(folder) as entries:
        return sorted(
            Path(each.path)
            for each in entries
            if each.name.lower().endswith(suffix) and not each.name.startswith(".") and each.is_file()
        )
