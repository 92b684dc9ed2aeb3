"""One COCO JSON file: its pictures and their boxes, with every mistake of its form."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headstart.core.boxes import Outline
from headstart.core.coco_numbers import Id
from headstart.core.errors import InputError, Problem, nearest
from headstart.data.readers._json_files import read_json
from headstart.data.readers._marked import GivenBox
from headstart.data.readers._numbers import cut, floats, number, shown, whole

_LISTS = ("images", "annotations", "categories")
_EDGES = "x, y, width and height"


@dataclass
class CocoPicture:
    """A picture that the file names: its id there, its file, the (width, height) it states, where, and its boxes."""

    id: Id
    file_name: str
    stated: tuple[int, int] | None
    where: str
    boxes: list[GivenBox] = field(default_factory=list)


class CocoFile:
    """Reads and checks a file; ``problems`` are all its mistakes, ``pictures`` what can be read nevertheless.

    Parameters
    ----------
    name : what a person calls the file.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.name, self.problems = name, list[Problem]()
        self.labels: dict[Any, str] = {}
        self.categories: dict[str, Id] = {}  # as they are written there, by the names of the classes
        self._pictures: dict[Any, CocoPicture] = {}
        self._broken = set[Any]()  # the ids of images of which was said why they cannot be read
        self._marked = set[Any]()  # the ids of annotations
        content = self._lists(path)
        self._sure = {"images": "images" in content, "categories": bool(content.get("categories"))}
        for part, read_one in (
            ("categories", self._read_category), ("images", self._read_picture), ("annotations", self._read_box),
        ):  # fmt: skip
            for place, entry in enumerate(content.get(part, ())):
                where = f"{name} {part}[{place}]"
                if isinstance(entry, dict):
                    read_one(entry, where)
                else:
                    self._sure[part] = False
                    self._wrong(where, f"it is {_shown(entry)}, not an object with keys")
            if part == "categories" and content.get(part) == [] and content.get("annotations"):
                self._wrong(name, "it lists no category")

    @property
    def pictures(self) -> list[CocoPicture]:
        """In the order of the file."""
        return list(self._pictures.values())

    def _wrong(self, where: str, what: str, fix: str = "") -> None:
        self.problems.append(Problem(where, what, fix))

    def _lists(self, path: Path) -> Mapping[str, list[Any]]:
        """The three lists of the file; none of them where it does not parse."""
        try:
            content = read_json(path, self.name)
        except InputError as error:
            self.problems += error.problems
            return {}
        if not isinstance(content, dict):
            self._wrong(self.name, f"it is {_shown(content)}, not an object with the keys {', '.join(_LISTS)}")
            return {}
        for key in _LISTS:
            if not isinstance(content.get(key), list):
                there = f"there is no list under the key {key!r}, but {_shown(content.get(key), 'null')}"
                lacks = f"it lacks the key {key!r}.{nearest(key, map(str, content))}"
                self._wrong(self.name, there if key in content else lacks)
        return {key: content[key] for key in _LISTS if isinstance(content.get(key), list)}

    def _read_category(self, entry: dict[str, Any], where: str) -> None:
        own, label = _id(entry.get("id")), entry.get("name")
        if not _is_id(own):
            self._sure["categories"] = False
            self._wrong(where, f"the id of a category is {_shown(own)}")
            return
        if own in self.labels:
            self._wrong(where, f"the category id {shown(own)} occurs twice")
        elif not isinstance(label, str) or not label.strip():
            self._wrong(where, f"the name of category {shown(own)} is {_shown(label)}")
        elif label.strip() in self.labels.values():
            self._wrong(where, f"two categories are called {label!r}", "boxes of one class need one category")
        self.labels.setdefault(own, str(label).strip())  # also of a name that will not do: it was said, once
        self.categories.setdefault(self.labels[own], _written(entry["id"]))

    def _read_picture(self, entry: dict[str, Any], where: str) -> None:
        own, file_name = _id(entry.get("id")), entry.get("file_name")
        if not _is_id(own):
            self._sure["images"] = False
            self._wrong(where, f"the id of an image is {_shown(own)}")
            return
        where = f"{self.name} image {cut(str(own))}"
        if own in self._pictures:
            self._wrong(where, "this image id occurs twice")
        elif not isinstance(file_name, str) or not file_name.strip():
            self._broken.add(own)
            self._wrong(where, f"its file_name is {_shown(file_name)}")
        else:
            self._pictures[own] = CocoPicture(_written(entry["id"]), file_name, self._stated(entry, where), where)

    def _stated(self, entry: dict[str, Any], where: str) -> tuple[int, int] | None:
        """(width, height) as stated; None where neither is, both are 0 (not known), or they are no sizes."""
        width, height = entry.get("width"), entry.get("height")
        if (width is None and height is None) or (width == height == 0):
            return None
        if width is not None and height is not None and _is_size(width) and _is_size(height):
            return int(width), int(height)
        self._wrong(where, f"its width and height are {_shown(width)} and {_shown(height)}")
        return None

    def _read_box(self, entry: dict[str, Any], where: str) -> None:
        if (own := _key(entry, "id")) is not None:
            where = f"{self.name} annotation {cut(str(own))}"
            if own in self._marked:
                self._wrong(where, "this annotation id occurs twice", "remove the copy, or give it an id of its own")
            self._marked.add(own)
        of, kind = _key(entry, "image_id"), _key(entry, "category_id")
        picture, label = self._pictures.get(of), self.labels.get(kind)
        if picture is None and self._sure["images"] and of not in self._broken:  # else the cause was said
            self._wrong(where, f"its image_id {_shown(entry.get('image_id'))} is none of the images")
        if label is None and self._sure["categories"]:
            what = f"its category_id {_shown(entry.get('category_id'))} is none of the categories"
            self._wrong(where, what, f"the ids are {_listed(self.labels)}")
        outline = self._outline(entry, where)
        edges = self._edges(entry, where, outline)
        if picture is not None and label is not None and edges is not None:
            crowd, ignored = (bool(number(entry.get(key)) or entry.get(key) is True) for key in ("iscrowd", "ignore"))
            picture.boxes.append(GivenBox(where, edges, label, crowd, ignored, outline))

    def _edges(
        self, entry: dict[str, Any], where: str, outline: Outline | None
    ) -> tuple[float, float, float, float] | None:
        """(left, top, right, bottom); those of the polygons where no box is given."""
        given = entry.get("bbox")
        if not given and outline is not None and outline.polygons:
            return _around(outline.polygons)
        if "bbox" not in entry:
            self._wrong(where, "it lacks the key 'bbox'")
        elif not isinstance(given, list) or len(given) != 4:
            many = f"{len(given)} numbers" if isinstance(given, list) else _shown(given)
            self._wrong(where, f"its bbox is {many}, where four are needed: {_EDGES}")
        elif wrong := [value for value in given if number(value) is None]:
            self._wrong(where, f"its bbox holds {_shown(wrong[0])}, which is no number")
        else:
            x, y, width, height = (number(value) or 0.0 for value in given)
            return x, y, x + width, y + height
        return None

    def _outline(self, entry: dict[str, Any], where: str) -> Outline | None:
        given = entry.get("segmentation")
        if isinstance(given, list):
            given = [one for one in given if one != []]
        if not given:
            return None
        outline = _polygons(given) if isinstance(given, list) else _runs(given)
        if outline is None:
            self._wrong(where, f"its segmentation is neither polygons nor run lengths: {_shown(given)}")
        return outline


def _polygons(given: list[Any]) -> Outline | None:
    if not all(isinstance(one, list) and len(one) >= 6 and len(one) % 2 == 0 for one in given):
        return None
    if not all(_is_number(value) for one in given for value in one):
        return None
    return Outline(polygons=tuple(map(floats, given)))


def _around(polygons: Sequence[Sequence[float]]) -> tuple[float, float, float, float]:
    across, down = [x for one in polygons for x in one[::2]], [y for one in polygons for y in one[1::2]]
    return min(across), min(down), max(across), max(down)


def _runs(given: Any) -> Outline | None:
    """``{"size": [height, width], "counts": …}``."""
    size, counts = (given.get("size"), given.get("counts")) if isinstance(given, dict) else (None, None)
    if not isinstance(size, list) or len(size) != 2 or not all(map(_is_size, size)):
        return None
    high, wide = map(int, size)
    if isinstance(counts, list):
        whole = all(isinstance(n, int) and n >= 0 for n in counts) and sum(counts) == high * wide
        return Outline(counts=tuple(counts), size=(wide, high)) if whole else None
    return Outline(counts=counts, size=(wide, high)) if isinstance(counts, str) and counts else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _id(value: Any) -> Any:
    """An id as it is compared: 7, 7.0 and "7" are one, as tables and tools write it."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    written = isinstance(value, str) and value.isdecimal() and str(whole(value)) == value
    return int(value) if written else value


def _written(own: Id | float) -> Id:
    """An id as other tools read it from the file, who tell "7" from 7, but not 7.0."""
    return int(own) if isinstance(own, float) else own


def _is_size(value: Any) -> bool:
    size = (number(value) if _is_number(value) else None) or 0.0
    return math.isfinite(size) and size >= 1 and size == int(size)


def _is_id(value: Any) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool)


def _key(entry: dict[str, Any], name: str) -> Any:
    found = _id(entry.get(name))
    return found if _is_id(found) else None


def _shown(value: Any, none: str = "missing") -> str:
    return none if value is None else shown(value)


def _listed(labels: Mapping[Any, str]) -> str:
    shown = ", ".join(map(str, list(labels)[:10]))
    return shown + (" …" if len(labels) > 10 else "") if labels else "none"
