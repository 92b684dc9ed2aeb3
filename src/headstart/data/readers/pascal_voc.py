"""Pascal VOC XML: a file of boxes for each picture, in ``Annotations`` or beside the pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from headstart.core.errors import Problem
from headstart.data.examples import Examples
from headstart.data.readers._box_folders import box_formats, voc_files
from headstart.data.readers._folders import SPLIT_NAMES, folder_kind, left_out, refuse_column_names
from headstart.data.readers._marked import GivenBox, Marked, MarkedPicture, examples_of_boxes
from headstart.data.readers._mask_layout import pairs_in
from headstart.data.readers._numbers import cut, number
from headstart.data.readers._object_files import objects_beside
from headstart.data.readers._pictures import Pictures
from headstart.data.readers._split_lists import Listed, listed_splits
from headstart.data.readers.base import Reader, Request

KIND = "Pascal VOC XML"
_PICTURES = "JPEGImages"
_CORNERS = ("xmin", "ymin", "xmax", "ymax")


class PascalVoc(Reader):
    """Splits by ``ImageSets/Main/train.txt`` and the like, else by folders called after them.

    Pixels count from 1 and the last one belongs to the box, as the challenge has it (Everingham et al. 2010): from
    xmin = 1 to xmax = W it spans the picture, so 1 is taken from xmin and ymin. A file without objects says that
    there are none; a picture without a file was not looked at, and is left out.
    """

    caption = "a folder with a Pascal VOC XML file of boxes for each picture (Annotations/ and JPEGImages/)"

    def recognises(self, source: Any) -> bool:
        return folder_kind(source) == "boxes" and box_formats(Path(source))[0] == KIND

    def read(self, request: Request) -> Examples:
        root = Path(request.source)
        refuse_column_names(request, root)
        pictures = Pictures(root)
        gathered = _Gathered(pictures, _listed_splits(root))
        for path in voc_files(root):
            gathered.add(path)
        gathered.problems += gathered.not_annotated()
        unused = [path for path in pictures.paths if path not in gathered.taken]
        notes = (
            *left_out(unused, root, "without annotation"),
            *(f"{other} annotations are there too and were not read." for other in box_formats(root)[1:]),
            *_of_masks(root),
        )
        kind = f"{KIND}, {len(gathered.marked):,} files"
        return examples_of_boxes(Marked(kind, gathered.marked, gathered.problems, notes), pictures, request)


@dataclass
class _Gathered:
    """The pictures of many files; ``listed`` are the splits by the stem of a picture."""

    files: Pictures
    listed: Mapping[str, Listed]
    marked: list[MarkedPicture] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    taken: dict[Path, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def add(self, file: Path) -> None:
        name = self.files.name(file)
        self.seen.add(file.stem)
        try:
            tree = ElementTree.parse(file).getroot()
        except ElementTree.ParseError as error:
            line, column = error.position
            what = f"not XML: {_reason(error)} at character {column + 1}"
            self.problems.append(Problem(f"{name} line {line}", what))
            return
        except (OSError, ValueError, LookupError) as error:  # an encoding that is not known, or not the one it says
            self.problems.append(Problem(name, f"it cannot be read ({error})"))
            return
        if tree.tag != "annotation":
            self.problems.append(Problem(name, f"its outermost element is {tree.tag!r}, not 'annotation'"))
            return
        boxes = [self._box(each, f"{name} object {place}") for place, each in enumerate(tree.findall("object"), 1)]
        self._take(file, name, tree, tuple(box for box in boxes if box is not None))

    def _take(self, file: Path, name: str, tree: ElementTree.Element, boxes: tuple[GivenBox, ...]) -> None:
        near = (*file.relative_to(self.files.root).parts[:-1], _PICTURES)  # masks may be called as pictures are
        called = (tree.findtext("filename") or "").strip()
        path = self.files.with_stem(file.stem, near) or (self.files.called(called, near) if called else None)
        if path is None:
            self.problems.append(Problem(name, f"there is no picture {cut(called) or file.stem}"))
        elif path in self.taken:
            self.problems.append(Problem(name, f"its picture is that of {self.taken[path]} too"))
        else:
            self.taken[path] = name
            listed = self.listed.get(file.stem)
            split = listed.split if listed else self.files.split(path) or self.files.split(file)
            self.marked.append(MarkedPicture(path, split, boxes, name, self._stated(tree, name)))

    def _stated(self, tree: ElementTree.Element, name: str) -> tuple[int, int] | None:
        """(width, height); None where there is none, or 0, which some tools write for "not known"."""
        given = [tree.findtext(f"size/{side}") for side in ("width", "height")]
        sides = [0.0 if text is None else number(text) for text in given]
        known = [side for side in sides if side is not None and math.isfinite(side)]
        if len(known) < len(sides):
            self.problems.append(Problem(name, f"its size is {' × '.join(cut(str(text), 40) for text in given)}"))
            return None
        width, height = map(int, known)
        return (width, height) if width > 0 and height > 0 else None

    def _box(self, element: ElementTree.Element, where: str) -> GivenBox | None:
        label = (element.findtext("name") or "").strip()
        if not label:
            self.problems.append(Problem(where, "it has no name of a class"))
        if element.find("bndbox") is None:
            self.problems.append(Problem(where, "it has no bndbox"))
            return None
        texts = {corner: element.findtext(f"bndbox/{corner}") for corner in _CORNERS}
        numbers = {corner: number(text) for corner, text in texts.items()}
        for corner, text in texts.items():
            if numbers[corner] is None:
                given = "missing" if text is None else f"{cut(text.strip(), 40)!r}, which is no number"
                self.problems.append(Problem(where, f"its {corner} is {given}"))
        if not label or None in numbers.values():
            return None
        left, top, right, bottom = (float(numbers[corner] or 0.0) for corner in _CORNERS)
        if right <= left or bottom <= top:
            what = f"the box from {left:g}, {top:g} to {right:g}, {bottom:g} has no width or no height"
            self.problems.append(Problem(where, what))
            return None
        difficult = (element.findtext("difficult") or "0").strip() not in ("0", "")
        return GivenBox(where, (left - 1, top - 1, right, bottom), label, difficult=difficult)

    def not_annotated(self) -> list[Problem]:
        """The pictures that a list of a split names and no file is about."""
        return [
            Problem(line.where, f"there is no annotation of {stem}", "add its XML file, or remove the line")
            for stem, line in self.listed.items()
            if stem not in self.seen
        ]


def _of_masks(root: Path) -> tuple[str, ...]:
    """Which tasks read the masks in the folder, where there are any."""
    pairs = pairs_in(root, SPLIT_NAMES)
    tasks = "segmentation or instances" if any(map(objects_beside, pairs)) else "segmentation"
    return (f"Masks are there too; --task {tasks} reads them.",) if pairs else ()


def _listed_splits(root: Path) -> dict[str, Listed]:
    lists = root.glob("[Ii]mage[Ss]ets/*/*.txt")
    return listed_splits(root, (path for path in lists if path.parent.name in ("Main", "main")))


def _reason(error: ElementTree.ParseError) -> str:
    return str(error).partition(":")[0]
