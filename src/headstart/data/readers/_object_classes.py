"""The classes of objects: by a class file and their numbers, or by masks of classes beside those of objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from headstart.core.masks import IGNORED
from headstart.data.readers._class_legends import SILENT, ClassLines, Line
from headstart.data.readers._mask_pixels import codes_in

ONLY = "object"
"""The class of objects of which nothing says another."""

MOST = 1000
"""Objects in a picture; and what a class is multiplied by where a number tells both, as in Cityscapes."""

BACKGROUND = "background"


class Classes(NamedTuple):
    """The classes of a class file by value, and by colour where it has one; those that are None are no objects.

    ``file`` names it; without one there are none.
    """

    by_value: dict[int, str | None]
    by_colour: dict[int, str | None]
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


def classes_of_objects(said: ClassLines | None) -> Classes:
    """The classes that something says; none where nothing does."""
    lines, source = said or ([], "")
    by_value = {line.value or 0: _object(line) for line in lines}
    return Classes(by_value, {_code(line): _object(line) for line in lines if line.colour}, Path(source).name)


def _object(line: Line) -> str | None:
    return None if line.name.lower() in {*SILENT, BACKGROUND} else line.name


def _code(line: Line) -> int:
    r, g, b = line.colour or (0, 0, 0)
    return (r << 16) + (g << 8) + b


@dataclass(frozen=True)
class ClassMask:
    """A mask (H, W) of classes beside one of objects.

    Attributes
    ----------
    codes : of its pixels, numbers or ``coloured``. classes : what these mean. where : its name, for a person.
    """

    codes: np.ndarray
    coloured: bool
    classes: Classes
    where: str

    @classmethod
    def read(cls, path: Path, classes: Classes, where: str) -> ClassMask:
        """The one in the file at `path`.

        Raises
        ------
        ValueError : it cannot be read.
        """
        try:
            codes, coloured, _ = codes_in(path)
        except ValueError as error:
            raise ValueError(f"{where}, the mask of its classes: {error}") from error
        return cls(codes, coloured, classes, where)

    def label(self, number: int, place: tuple[slice, slice], pixels: np.ndarray) -> str:
        """The class of most `pixels` (h, w) of object `number` in a part of the picture, of those that have one.

        Raises
        ------
        ValueError : none has, or it is of no class of the class file.
        """
        values, counts = np.unique(self.codes[place][pixels], return_counts=True)
        named: Counter[str] = Counter()
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            if name := self._name(value):
                named[name] += count
        if not named:
            raise ValueError(f"object {number} has no class: in {self.where} its pixels are background or ignored")
        return named.most_common(1)[0][0]

    def _name(self, code: int) -> str | None:
        known: Mapping[int, str | None] = self.classes.by_colour if self.coloured else self.classes.by_value
        if code in known:
            return known[code]
        if code == 0 or (code == IGNORED and not self.coloured):
            return None
        said = f"#{code:06x}" if self.coloured else str(code)
        if known:
            raise ValueError(f"{self.where} holds {said}, which is no class of {self.classes.file}")
        return said
