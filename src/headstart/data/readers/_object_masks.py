"""Masks whose pixels are numbers of objects, 0 for none, as boxes with outlines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from headstart.core.errors import Problem
from headstart.core.outlines import outline_of
from headstart.core.threads import spread
from headstart.data.examples import Examples
from headstart.data.readers._class_legends import SILENT, ClassLines
from headstart.data.readers._marked import GivenBox, Marked, MarkedPicture, examples_of_boxes
from headstart.data.readers._mask_files import GivenSplits, called_alike, classes_said, masks_of, pictures_of
from headstart.data.readers._mask_layout import Pair, stems
from headstart.data.readers._mask_pixels import numbers_in, other_place
from headstart.data.readers._object_files import Marks, each_has_a_file, marks_of
from headstart.data.readers._pictures import Pictures, picture_size
from headstart.data.readers.base import Request

ONLY = "object"
"""The class of objects of which nothing says another."""

MOST = 1000
"""Objects in a picture; and what a class is multiplied by where a number tells both, as in Cityscapes."""

BACKGROUND = "background"


class Classes(NamedTuple):
    """The classes of a class file by value; those that are None are no objects. ``file`` names it."""

    by_value: dict[int, str | None]
    file: str = ""

    @property
    def names(self) -> list[str]:
        """Of objects."""
        return [name for name in self.by_value.values() if name]

    def label(self, number: int) -> str | None:
        """The class of an object, None of what is no object.

        Raises
        ------
        ValueError : its number is of no class.
        """
        if len(self.names) <= 1:
            return (self.names or [ONLY])[0]
        if number // MOST not in self.by_value:
            raise ValueError(
                f"its pixels hold the number {number}, of no class: with the {len(self.names)} classes of "
                f"{self.file} it is {MOST:,} times the value of the class, and the number of the object"
            )
        return self.by_value[number // MOST]


class Picture(NamedTuple):
    """A picture of a pair of folders, and the files of its objects."""

    path: Path
    split: str | None
    marks: Sequence[Marks]


def holds_objects(pairs: Sequence[Pair]) -> bool:
    """Whether the masks are of single objects, a file for each, whatever is asked for."""
    return bool(pairs) and all(each_has_a_file(pair, stems(pair.images, pictures_of(pair)[0])) for pair in pairs)


def examples_of_objects(root: Path, pairs: Sequence[Pair], request: Request) -> Examples:
    """The pictures of all pairs of folders with their objects.

    Raises
    ------
    InputError : with every picture without a mask, mask without a picture, and mask that cannot be used.
    """
    files, pictures = Pictures(root), list[Picture]()
    all_found = [(pair, pictures_of(pair)[0]) for pair in pairs]
    splits = GivenSplits(root, pairs, [path for _, paths in all_found for path in paths])
    problems = list(splits.problems)
    for pair, paths in all_found:
        masks = masks_of(pair, objects=True)
        problems += called_alike(root, pair, paths, masks)
        known = stems(pair.images, paths)
        found = marks_of(pair, known, masks)
        pictures += [Picture(path, splits.of(pair, path), found.marks.get(stem, [])) for stem, path in known.items()]
        problems += [_alone(files, path, "this mask has no picture", pair.images) for path in found.strangers]
        without = [path for stem, path in known.items() if stem not in found.marks]
        problems += [_alone(files, path, "this picture has no mask", pair.masks) for path in without]
    files_of_all = [file for picture in pictures for marks in picture.marks for file in marks.files]
    classes = _classes(classes_said(root, pairs, files_of_all))
    read = spread(partial(_marked, files, classes), pictures)
    problems += [problem for _, some in read for problem in some]
    marked = [picture for picture, _ in read]
    return examples_of_boxes(Marked("masks of objects", marked, problems, _notes(pictures, marked)), files, request)


def _alone(files: Pictures, path: Path, what: str, other: Path) -> Problem:
    fix = f"add one of that name to {other.name}/, or remove it; of a picture of nothing every pixel is 0"
    return Problem(files.name(path), what, fix)


def _classes(said: ClassLines | None) -> Classes:
    nothing = {*SILENT, BACKGROUND}
    lines, source = said or ((), "")
    by_value = {line.value or 0: None if line.name.lower() in nothing else line.name for line in lines}
    return Classes(by_value, Path(source).name)


def _marked(files: Pictures, classes: Classes, picture: Picture) -> tuple[MarkedPicture, list[Problem]]:
    """The objects of one picture, and what is wrong with its masks."""
    boxes: list[GivenBox] = []
    problems = []
    size = picture_size(picture.path)
    for marks in picture.marks:
        for file in marks.files:
            try:
                if other := other_place(picture.path, file, files.name(file)):
                    problems.append(other)
                    continue
                boxes += _boxes_in(file, marks, classes, size, files.name(file))
            except ValueError as error:
                problems.append(Problem(files.name(file), str(error)))
    return MarkedPicture(picture.path, picture.split, tuple(boxes)), problems


def _boxes_in(
    file: Path, marks: Marks, classes: Classes, size: tuple[int, int] | None, where: str
) -> Iterator[GivenBox]:
    """The objects in one mask.

    Raises
    ------
    ValueError : it cannot be read, or is none of objects of a picture of `size`.
    """
    numbers = numbers_in(file)
    if size is not None and size != numbers.shape[::-1]:
        wide, high = numbers.shape[::-1]
        raise ValueError(f"the mask has {wide}×{high} pixels and its picture {size[0]}×{size[1]}")
    if marks.single:
        numbers = (numbers > 0).astype(np.int64)
    found = np.unique(numbers)
    if len(found) and found[0] < 0:
        raise ValueError(f"its pixels hold the number {found[0]}, and those of objects are above 0")
    there = found[found > 0]
    if len(there) > MOST:
        raise ValueError(f"its pixels hold {len(there):,} numbers; more than {MOST:,} objects are none of a mask")
    return _outlined(numbers, there, marks, classes, where)


def _outlined(
    numbers: np.ndarray, there: np.ndarray, marks: Marks, classes: Classes, where: str
) -> Iterator[GivenBox]:
    """A box with an outline for each of the numbers that are `there` in a mask (H, W)."""
    labelled = np.where(numbers > 0, np.searchsorted(there, numbers) + 1, 0)
    for place, part in enumerate(ndimage.find_objects(labelled), 1):
        label = marks.label or classes.label(int(there[place - 1]))
        if label is not None:
            rows, columns = part
            edges = (float(columns.start), float(rows.start), float(columns.stop), float(rows.stop))
            outline = outline_of(labelled[part] == place, (columns.start, rows.start), numbers.shape[::-1])
            yield GivenBox(where, edges, label, outline=outline)


def _notes(pictures: Sequence[Picture], marked: Sequence[MarkedPicture]) -> tuple[str, ...]:
    """A warning where no mask tells objects apart."""
    several = any(marks.single for picture in pictures for marks in picture.marks)
    most = max((len(picture.boxes) for picture in marked), default=0)
    if several or most != 1:
        return ()
    return (
        "No mask holds more than one number besides 0, so each is read as one object; masks of classes tell no "
        "objects apart (--task segmentation).",
    )
