"""Which files say where the single objects of a picture lie: one for all of them, one for each, or one a class."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from headstart.data.readers._folders import folders_in
from headstart.data.readers._mask_files import masks_of
from headstart.data.readers._mask_layout import Pair, matched, stems

_OF_CLASSES = {"segmentationclass": "segmentationobject", "segmentationclasspng": "segmentationobjectpng"}
"""Folder of masks of classes → that of masks of objects beside it (lower case), as in Pascal VOC."""


class Marks(NamedTuple):
    """Files about objects of a picture: one of many numbers, or, where they are ``single``, one for each object.

    ``label`` is the class that their folder is named after; None where it lies outside of any.
    """

    label: str | None
    files: tuple[Path, ...]
    single: bool


class Found(NamedTuple):
    """Marks by the stem of their picture, and mask files of no picture."""

    marks: Mapping[str, list[Marks]]
    strangers: Sequence[Path]


def objects_beside(pair: Pair) -> Pair | None:
    """The pair with masks of objects, where its masks are of classes and a folder beside them is that of objects."""
    wanted = _OF_CLASSES.get(pair.masks.name.lower())
    found = [folder for folder in folders_in(pair.masks.parent) if folder.name.lower() == wanted]
    return pair._replace(masks=found[0]) if found else None


def holds_classes_alone(pair: Pair) -> bool:
    """Whether the folder of masks is called after classes, and there is none of objects beside it."""
    return pair.masks.name.lower() in _OF_CLASSES and objects_beside(pair) is None


def marks_of(pair: Pair, pictures: Mapping[str, Path], files: Sequence[Path]) -> Found:
    """What the mask `files` of a pair of folders say of its `pictures`, by stem.

    ``masks/a.png``, ``masks/a/1.png``, and both below folders of classes, ``masks/cell/a.png``.
    """
    marks: dict[str, list[Marks]] = defaultdict(list)
    strangers: list[Path] = []
    classes = class_folders(pair, pictures)
    outside = [path for path in files if not any(path.is_relative_to(each) for each in classes)]
    strangers += _sort(pair.masks, outside, pictures, None, marks)
    for each in classes:
        strangers += _sort(each, [path for path in files if path.is_relative_to(each)], pictures, each.name, marks)
    return Found(marks, strangers)


def class_folders(pair: Pair, pictures: Mapping[str, Path]) -> list[Path]:
    """The folders of masks that are named after no picture and no folder of pictures; none among pictures."""
    if pair.images == pair.masks:
        return []
    begun = {stem.split("/")[0] for stem in pictures}
    return [folder for folder in folders_in(pair.masks) if folder.name.lower() not in begun]


def each_has_a_file(pair: Pair, pictures: Mapping[str, Path]) -> bool:
    """Whether masks lie in folders named after pictures alone, as those of single objects do."""
    files = masks_of(pair)
    return bool(files) and all(_folder_of(pair.masks, path) in pictures for path in files)


def _folder_of(root: Path, path: Path) -> str:
    return path.parent.relative_to(root).as_posix().lower()


def _sort(
    root: Path, files: list[Path], pictures: Mapping[str, Path], label: str | None, marks: dict[str, list[Marks]]
) -> list[Path]:
    """Put the mask `files` below `root` into `marks`; returns those of no picture."""
    masks = stems(root, files)
    of_all = matched(dict(pictures), dict(masks))
    for stem, path in of_all.items():
        marks[stem].append(Marks(label, (path,), single=False))
    by_folder: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(set(masks.values()) - set(of_all.values())):
        by_folder[_folder_of(root, path)].append(path)
    for stem in by_folder.keys() & pictures.keys():
        marks[stem].append(Marks(label, tuple(by_folder[stem]), single=True))
    return [path for stem, paths in by_folder.items() if stem not in pictures for path in paths]
