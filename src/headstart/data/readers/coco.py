"""COCO JSON: a folder of pictures with a file of annotations for each split, or one such file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headstart.core.coco_numbers import CocoNumbers, Id
from headstart.core.errors import Problem
from headstart.data.examples import Examples
from headstart.data.readers._box_folders import box_formats, coco_files
from headstart.data.readers._coco_file import CocoFile, CocoPicture
from headstart.data.readers._folders import SPLIT_NAMES, folder_kind, is_path, left_out, refuse_column_names
from headstart.data.readers._json_files import holds_list
from headstart.data.readers._marked import Marked, MarkedPicture, examples_of_boxes
from headstart.data.readers._numbers import cut
from headstart.data.readers._pictures import Pictures, split_named
from headstart.data.readers.base import Reader, Request

KIND = "COCO JSON"

DISAGREE = (
    "The files give pictures or classes the same ids, or a class several, so what is written has ids of its own; "
    "read one file alone to have those of the file."
)


class Coco(Reader):
    """Splits by the names of the files or folders (``instances_train.json``, ``val/_annotations.coco.json``).

    A picture is looked for by its ``file_name`` anywhere below the folder, best in a folder named after the split.
    A file handed over alone is one whole without splits, unless its pictures lie in folders that say so.
    Polygons and run lengths are kept as outlines. A picture without annotation is a picture of nothing; a file that
    no annotation names is left out. The ids of pictures and classes are kept, so that answers can be given by them.
    """

    caption = "a folder with COCO JSON files of boxes (annotations/instances_train.json), or one such file"

    def recognises(self, source: Any) -> bool:
        if folder_kind(source) == "boxes":
            return box_formats(Path(source))[0] == KIND
        if not is_path(source) or Path(source).suffix.lower() != ".json":
            return False
        return Path(source).is_file() and not holds_list(Path(source))

    def read(self, request: Request) -> Examples:
        source = Path(request.source)
        refuse_column_names(request, source)
        root, paths = (source, coco_files(source)) if source.is_dir() else _root_of(source.absolute())
        pictures = Pictures(root)
        gathered = _Gathered(pictures)
        for path in paths:
            gathered.add(path, alone=not source.is_dir(), only=len(paths) == 1)
        unused = [path for path in pictures.paths if path not in gathered.taken] if source.is_dir() else []
        kind = f"{KIND}, {len(paths)} file{'s' if len(paths) > 1 else ''}"
        also = box_formats(root)[1:] if source.is_dir() else []
        notes = (
            *left_out(unused, root, "in no annotation file"),
            *(f"{other} annotations are there too and were not read." for other in also),
        )
        numbers = gathered.numbers()
        if numbers is None and not request.needs_targets:
            notes += (DISAGREE,)
        return examples_of_boxes(Marked(kind, gathered.marked, gathered.problems, notes, numbers), pictures, request)


@dataclass
class _Gathered:
    """The pictures of several files, each once."""

    files: Pictures
    marked: list[MarkedPicture] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    taken: dict[Path, str] = field(default_factory=dict)
    images: list[tuple[Id, str]] = field(default_factory=list)
    categories: list[tuple[str, Id]] = field(default_factory=list)

    def numbers(self) -> CocoNumbers | None:
        """The ids of all files together; None where they contradict each other."""
        known = dict(self.categories)
        one_each = len(set(self.categories)) == len(known) == len(set(known.values()))
        alone = len({number for number, _ in self.images}) == len(self.images)
        return CocoNumbers(self.images, known) if one_each and alone else None

    def add(self, path: Path, alone: bool, only: bool) -> None:
        """The pictures of a file; one that was handed over `alone` is no split, whatever its name says."""
        name = self.files.name(path)
        found = CocoFile(path, name)
        self.problems += found.problems
        self.categories += found.categories.items()
        split = None if alone else split_named((*path.relative_to(self.files.root).parts[:-1], path.stem))
        if split is None and not only:
            self.problems.append(Problem(name, "its name says no split, and it is not the only file", "keep one"))
        for each in found.pictures:
            self._add(each, split, path)

    def _add(self, each: CocoPicture, split: str | None, file: Path) -> None:
        near = [*_near(split), *file.relative_to(self.files.root).parts[:-1], *file.stem.split("_")]
        path = self.files.called(each.file_name, near)
        if path is None:
            self.problems.append(Problem(each.where, f"there is no picture {cut(each.file_name)}"))
        elif path in self.taken:
            what = f"its picture {self.files.name(path)} was named by {self.taken[path]} already"
            self.problems.append(Problem(each.where, what, "each picture once, in one split"))
        else:
            self.taken[path] = each.where
            own = split or self.files.split(path)
            self.images.append((each.id, each.file_name))
            self.marked.append(MarkedPicture(path, own, tuple(each.boxes), each.where, each.stated))


def _near(split: str | None) -> list[str]:
    """What the folder of a split may be called."""
    return [name for name, own in SPLIT_NAMES.items() if own == split]


def _root_of(file: Path) -> tuple[Path, list[Path]]:
    """Where the pictures of a file lie, beside it or beside its folder ``annotations``; and that file alone."""
    folder = file.parent
    return folder.parent if folder.name.lower() == "annotations" else folder, [file]
