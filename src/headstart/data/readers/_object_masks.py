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
from headstart.data.readers._marked import GivenBox, Marked, MarkedPicture, examples_of_boxes
from headstart.data.readers._mask_files import GivenSplits, called_alike, classes_said, masks_of, pictures_of
from headstart.data.readers._mask_layout import Pair, matched, stems
from headstart.data.readers._mask_pixels import numbers_in, other_place
from headstart.data.readers._object_classes import MOST, Classes, ClassMask, classes_of_objects
from headstart.data.readers._object_files import Marks, each_has_a_file, marks_of, objects_beside
from headstart.data.readers._pictures import Pictures, picture_size
from headstart.data.readers.base import Request


class Picture(NamedTuple):
    """A picture of a pair of folders, the files of its objects, and the mask of their classes, where there is one."""

    path: Path
    split: str | None
    marks: Sequence[Marks]
    of_classes: Path | None = None


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
    spared: list[Path] = []
    for own, paths in all_found:
        pair = objects_beside(own) or own
        masks = masks_of(pair, objects=True)
        problems += called_alike(root, pair, paths, masks)
        known = stems(pair.images, paths)
        found = marks_of(pair, known, masks)
        classed = {} if pair is own else matched(known, stems(own.masks, masks_of(own)))
        without = {stem for stem in known if stem not in found.marks}
        spare = {stem for stem in without if splits.spare(known[stem])}
        spared += [known[stem] for stem in spare]
        pictures += [
            Picture(path, splits.of(own, path), found.marks.get(stem, []), classed.get(stem))
            for stem, path in known.items()
            if stem not in spare
        ]
        problems += [_alone(files, path, "this mask has no picture", pair.images) for path in found.strangers]
        problems += [_alone(files, known[s], "this picture has no mask", pair.masks) for s in without - spare]
        if pair is not own:
            unnamed = [file for stem in found.marks.keys() - classed.keys() for file in found.marks[stem][0].files]
            problems += [
                _alone(files, file, "this mask of objects has none of classes", own.masks) for file in unnamed
            ]
    files_of_all = [file for picture in pictures for marks in picture.marks for file in marks.files]
    classes = classes_of_objects(classes_said(root, pairs, files_of_all))
    read = spread(partial(_marked, files, classes), pictures)
    problems += [problem for _, some in read for problem in some]
    marked = [picture for picture, _ in read]
    notes = (*_notes(pictures, marked, classes), *splits.notes([each.path for each in pictures], sorted(spared)))
    return examples_of_boxes(Marked("masks of objects", marked, problems, notes), files, request)


def _alone(files: Pictures, path: Path, what: str, other: Path) -> Problem:
    fix = f"add one of that name to {other.name}/, or remove it; of a picture of nothing every pixel is 0"
    return Problem(files.name(path), what, fix)


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
                numbers, there = _numbers_in(file, marks.single, size)
                of_classes = picture.of_classes
                named = ClassMask.read(of_classes, classes, files.name(of_classes)) if of_classes else None
                if named and named.codes.shape != numbers.shape:
                    raise ValueError(f"the mask is not of the size of {named.where}, the mask of its classes")
                boxes += _outlined(numbers, there, marks.label, named or classes, files.name(file))
            except ValueError as error:
                problems.append(Problem(files.name(file), str(error)))
    return MarkedPicture(picture.path, picture.split, tuple(boxes)), problems


def _numbers_in(file: Path, single: bool, size: tuple[int, int] | None) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of objects (H, W) in one mask of a picture of `size`, of a `single` object 1; and which there are.

    Raises
    ------
    ValueError : it cannot be read, or is none of objects of that picture.
    """
    numbers = numbers_in(file)
    if size is not None and size != numbers.shape[::-1]:
        wide, high = numbers.shape[::-1]
        raise ValueError(f"the mask has {wide}×{high} pixels and its picture {size[0]}×{size[1]}")
    if single:
        numbers = (numbers > 0).astype(np.int64)
    found = np.unique(numbers)
    if len(found) and found[0] < 0:
        raise ValueError(f"its pixels hold the number {found[0]}, and those of objects are above 0")
    there = found[found > 0]
    if len(there) > MOST:
        raise ValueError(f"its pixels hold {len(there):,} numbers; more than {MOST:,} objects are none of a mask")
    return numbers, there


def _outlined(
    numbers: np.ndarray, there: np.ndarray, label: str | None, named: Classes | ClassMask, where: str
) -> Iterator[GivenBox]:
    """A box with an outline for each of the `numbers` (H, W) that are `there`, of one class `label` or as `named`."""
    labelled = np.where(numbers > 0, np.searchsorted(there, numbers) + 1, 0)
    for place, part in enumerate(ndimage.find_objects(labelled), 1):
        own = labelled[part] == place
        number = int(there[place - 1])
        kind = label or (named.label(number, part, own) if isinstance(named, ClassMask) else named.label(number))
        if kind is not None:
            rows, columns = part
            edges = (float(columns.start), float(rows.start), float(columns.stop), float(rows.stop))
            outline = outline_of(own, (columns.start, rows.start), numbers.shape[::-1])
            yield GivenBox(where, edges, kind, outline=outline)


def _notes(pictures: Sequence[Picture], marked: Sequence[MarkedPicture], classes: Classes) -> tuple[str, ...]:
    """A warning where no mask tells objects apart; and where nothing names classes that masks tell."""
    if any(picture.of_classes for picture in pictures):
        unnamed = "Classes are called as the masks of classes have them; a class file (classes.txt) names them."
        return () if classes.file else (unnamed,)
    several = any(marks.single for picture in pictures for marks in picture.marks)
    most = max((len(picture.boxes) for picture in marked), default=0)
    if several or most != 1:
        return ()
    return (
        "No mask holds more than one number besides 0, so each is read as one object; masks of classes tell no "
        "objects apart (--task segmentation).",
    )
