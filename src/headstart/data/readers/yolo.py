"""YOLO text files: a line for each box of a picture, in ``labels`` beside ``images`` or beside the pictures."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headstart.core.boxes import Outline
from headstart.core.counts import first_few
from headstart.core.errors import InputError, Problem
from headstart.data.examples import Examples
from headstart.data.readers._box_folders import NAMES_FILES, box_formats, label_folders
from headstart.data.readers._characters import EmptyFile, read_characters
from headstart.data.readers._folders import (
    files_below,
    folder_kind,
    is_path,
    left_out,
    refuse_column_names,
)
from headstart.data.readers._kinds_of_input import bare_name
from headstart.data.readers._marked import GivenBox, Marked, MarkedPicture, examples_of_boxes
from headstart.data.readers._numbers import cut, shown, whole
from headstart.data.readers._pictures import Pictures, picture_size
from headstart.data.readers._yolo_classes import YoloClasses, yolo_classes
from headstart.data.readers.base import Reader, Request

KIND = "YOLO text"
_LABELS = {"images": "labels", "Images": "Labels", "IMAGES": "LABELS"}
"""The folder of text files beside one of pictures."""

_OF_BOX = 5
"""Numbers of a box: a class, its centre and its sides."""

_FEWEST = 7
"""Numbers in a line of a polygon: a class and three points."""


class Yolo(Reader):
    """Splits by ``data.yaml``, else by folders called after them; a line is class, centre x, centre y, width, height.

    All but the class are shares of the picture's width and height; a line with at least three points after the class
    is a polygon, kept as an outline, but where the YAML file says ``kpt_shape``: those are key points, which are left
    out. A picture without a text file, or with an empty one, is a picture of nothing.
    """

    caption = "a folder with YOLO text files of boxes (images/, labels/, data.yaml or classes.txt), or its data.yaml"

    def recognises(self, source: Any) -> bool:
        if folder_kind(source) == "boxes":
            return box_formats(Path(source))[0] == KIND
        return is_path(source) and Path(source).suffix.lower() in (".yaml", ".yml") and Path(source).is_file()

    def read(self, request: Request) -> Examples:
        source = Path(request.source)
        refuse_column_names(request, source)
        root = source if source.is_dir() else source.absolute().parent
        classes = yolo_classes(root, None if source.is_dir() else source)
        files = Pictures(root, _elsewhere(root, classes))
        gathered = _Gathered(files, classes, list(classes.problems))
        for path in files.paths:
            gathered.add(path)
        gathered.problems += _without_picture(root, gathered.read)
        named = f"classes from {classes.said}" if classes.said else "nothing names its classes, so their numbers do"
        kind = f"{KIND}, {len(gathered.read):,} files, {named}"
        return examples_of_boxes(Marked(kind, gathered.marked, gathered.problems, gathered.notes()), files, request)


@dataclass
class _Gathered:
    """The pictures with their boxes; ``read`` are the text files met, ``unlabelled`` the pictures without one.

    ``unused`` are those without one that no split of the YAML file holds, where it names any.
    """

    files: Pictures
    classes: YoloClasses
    problems: list[Problem]
    marked: list[MarkedPicture] = field(default_factory=list)
    read: set[Path] = field(default_factory=set)
    unlabelled: list[Path] = field(default_factory=list)
    unused: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        splits = self.classes.splits.items()
        self._lists = {split: frozenset[Path]().union(*map(_listed_in, places)) for split, places in splits}

    def add(self, path: Path) -> None:
        file, listed = label_file(path), self._listed(path)
        boxes: list[GivenBox] = []
        if file is None and listed is None and self.classes.splits:
            self.unused.append(path)
            return
        if file is None:
            self.unlabelled.append(path)
        else:
            self.read.add(file)
            boxes = self._boxes(file, path)
        split = listed or self.files.split(path)
        self.marked.append(MarkedPicture(path, split, tuple(boxes), self.files.name(file or path)))

    def notes(self) -> tuple[str, ...]:
        """What is said of pictures without a text file, and of places that are not there."""
        which = first_few([self.files.name(path) for path in self.unlabelled])
        said = f"{len(self.unlabelled):,} pictures have no text file, taken for pictures of nothing: {which}."
        unused = left_out(self.unused, self.files.root, f"in no split of {self.classes.said} and without a text file")
        posed = ("Key points are left out, and the boxes are read.",) if self.classes.posed else ()
        return (*((said,) if self.unlabelled else ()), *unused, *self.classes.missing, *posed)

    def _boxes(self, file: Path, picture: Path) -> list[GivenBox]:
        name, boxes = self.files.name(file), []
        try:
            text = read_characters(file, name)
        except EmptyFile:
            return []
        except InputError as error:
            self.problems += error.problems
            return []
        for number, line in enumerate(text.splitlines(), 1):
            if words := line.split()[: _OF_BOX if self.classes.posed else None]:
                try:
                    boxes.append(_box(words, f"{name} line {number}", self.classes.labels, picture))
                except ValueError as error:
                    self.problems.append(Problem(f"{name} line {number}", str(error)))
        return boxes

    def _listed(self, path: Path) -> str | None:
        """The split whose folder, or list, in the YAML file holds the picture."""
        resolved = path.resolve()
        for split, places in self.classes.splits.items():
            if resolved in self._lists[split] or any(resolved.is_relative_to(place) for place in places):
                return split
        return None


def label_file(picture: Path) -> Path | None:
    """``images/train/1.jpg`` → ``labels/train/1.txt``, or the text beside the picture; None where there is none.

    ``Images`` has ``Labels``.
    """
    parts = picture.parts
    places = [place for place, part in enumerate(parts) if part in _LABELS]
    beside = picture.with_name(f"{bare_name(picture)}.txt")
    tried = [picture.parent / "labels" / beside.name, picture.parent.parent / "labels" / beside.name, beside]
    if places:
        before, after = parts[: places[-1]], parts[places[-1] + 1 :]
        tried.insert(0, Path(*before, _LABELS[parts[places[-1]]], *after).with_name(beside.name))
    return next((path for path in tried if path.is_file()), None)


def _box(words: Sequence[str], where: str, labels: Mapping[int, str] | None, picture: Path) -> GivenBox:
    """The box of a line. Raises ``ValueError`` with what is wrong with the line."""
    if len(words) != _OF_BOX and (len(words) < _FEWEST or len(words) % 2 == 0):
        what = "class, centre x, centre y, width and height, or a class and at least three points"
        sixth = "; the sixth may be a confidence, which predictions have" if len(words) == 6 else ""
        raise ValueError(f"it holds {len(words)} numbers, where these are needed: {what}{sixth}")
    label = _label(words[0], labels)
    shares = [_share(word) for word in words[1:]]
    if len(shares) == 4:
        x, y, width, height = shares
        if width <= 0 or height <= 0:
            raise ValueError(f"the width and height of the box are {width:g} and {height:g}; they must be above 0")
        return GivenBox(where, (x - width / 2, y - height / 2, x + width / 2, y + height / 2), label, relative=True)
    edges = min(shares[::2]), min(shares[1::2]), max(shares[::2]), max(shares[1::2])
    size = picture_size(picture) or (0, 0)
    polygon = tuple(share * size[place % 2] for place, share in enumerate(shares))
    return GivenBox(where, edges, label, outline=Outline(polygons=(polygon,)), relative=True)


def _label(word: str, labels: Mapping[int, str] | None) -> str:
    try:
        number = whole(word)
    except ValueError:
        raise ValueError(f"the class is {shown(word)}, not a whole number") from None
    if not isinstance(number, int) or number < 0 or (labels is not None and number not in labels):
        known = "" if labels is None else f"; {_counted(len(labels))}, counted from 0"
        raise ValueError(f"there is no class {cut(word, 40)}{known}")
    return str(number) if labels is None else labels[number]


def _counted(count: int) -> str:
    return "there is 1 class" if count == 1 else f"there are {count} classes"


def _share(word: str) -> float:
    try:
        share = float(word)
    except ValueError:
        raise ValueError(f"{shown(word)} is no number") from None
    if share != share or abs(share) > 2:
        hint = "" if share != share else ": in pixels? Shares of the width and height are needed"
        raise ValueError(f"{cut(word, 40)} is no share of the picture{hint}")
    return share


def _without_picture(root: Path, read: set[Path]) -> list[Problem]:
    """Text files in the folders of labels that no picture belongs to."""
    files = {path for folder in label_folders(root) for path in files_below(folder)}
    return [
        Problem(path.relative_to(root).as_posix(), f"there is no picture {path.stem}")
        for path in sorted(files)
        if path.suffix.lower() == ".txt" and path.name not in NAMES_FILES and path not in read
    ]


def _elsewhere(root: Path, classes: YoloClasses) -> list[Path]:
    """The folders and listed pictures of splits that lie outside of `root`."""
    inside = root.resolve()
    places = [place for places in classes.splits.values() for place in places]
    there = [place for place in places if place.is_dir()] + sorted(
        path for each in places for path in _listed_in(each)
    )
    return [path for path in there if os.path.exists(path) and not path.is_relative_to(inside)]


def _listed_in(place: Path) -> frozenset[Path]:
    """The pictures that a text file lists, relative to its folder; none where `place` is no such file."""
    if place.suffix.lower() != ".txt" or not place.is_file():
        return frozenset()
    lines = place.read_text(encoding="utf-8", errors="replace").replace("\0", "").splitlines()
    return frozenset((place.parent / line.strip()).resolve() for line in lines if line.strip())
