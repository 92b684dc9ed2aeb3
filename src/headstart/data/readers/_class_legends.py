"""Class files of masks: a line a class, with its name and its value or its colour."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from headstart.core.errors import InputError, Problem
from headstart.core.masks import IGNORED, Colour
from headstart.data.readers._characters import EmptyFile, lines_of, read_characters
from headstart.data.readers._numbers import cut, whole

NAMES = (
    "classes.csv", "classes.txt", "class_dict.csv", "label_colors.txt", "label_colors.csv", "labels.csv",
    "labels.txt", "labelmap.txt", "palette.csv", "palette.txt", "class_names.txt", "_classes.csv",
)  # fmt: skip
VOID = "void"
SILENT = frozenset({VOID, "ignore", "ignored", "unlabelled", "unlabeled"})
"""Names of classes by which nobody is judged."""

_OF_NAMES = frozenset({"name", "names", "class", "classes", "label", "labels"})
_OF_CODES = frozenset(
    {"value", "values", "id", "index", "number", "pixel", "rgb", "color", "colour", *"rgb", "red", "green", "blue"}
)
"""Words of a header."""

_NO_VALUE = re.compile(r"[+-]\d+|[+-]?\d*\.\d+")
"""A number that is no value and no part of a colour where it stands alone between commas: ``dose 0.5`` is a name."""


class Line(NamedTuple):
    """One class of a class file: its value, or its colour, or both."""

    name: str
    value: int | None
    colour: Colour | None

    @property
    def silent(self) -> bool:
        """Whether its pixels are ignored."""
        return self.name.lower() in SILENT


class ClassLines(NamedTuple):
    """The classes of masks, and what says them."""

    lines: list[Line]
    source: str


def find_class_file(folders: list[Path]) -> Path | None:
    """The first class file in one of `folders`."""
    return next((folder / name for folder in folders for name in NAMES if (folder / name).is_file()), None)


def read_class_file(path: Path) -> list[Line]:
    """Its classes, in order. Without values their line numbers, from 0, are the values.

    Raises
    ------
    InputError : with every line that says something else.
    """
    unusable = f"{path}: the class file cannot be used."
    rows = [
        (number, text)
        for number, text in enumerate(lines_of(_text(path, unusable)), 1)
        if text.strip() and not text.lstrip().startswith("#")
    ]
    if rows and rows[0][1].lstrip().startswith("<"):
        where = f"{path} line {rows[0][0]}"
        raise InputError(Problem(where, "this is a page, not a list of classes", "write name, value"), unusable)
    if rows and _is_header(rows):
        rows = rows[1:]
    lines, problems = [], []
    for place, (number, text) in enumerate(rows):
        line = _line(text, place)
        if isinstance(line, str):
            problems.append(Problem(f"{path} line {number}", line, "write name, r, g, b or name, value"))
        else:
            lines.append(line)
    if _numbered_alike(lines):
        lines = [Line(" ".join(_words(text)), place, None) for place, (_, text) in enumerate(rows)]
    problems += twice(path, lines)
    if not lines and not problems:
        problems = [Problem(str(path), "it names no class")]
    if problems:
        raise InputError(problems, unusable)
    return lines


def _text(path: Path, unusable: str) -> str:
    try:
        return read_characters(path, str(path))
    except EmptyFile:
        return ""
    except InputError as error:
        raise InputError(error.problems, unusable) from error


def _is_header(rows: list[tuple[int, str]]) -> bool:
    """Whether the first line names columns: without a number before one with a number, or by its words alone."""
    first = rows[0][1]
    if _holds_number(first):
        return False
    words = {word.strip("\"'").lower() for word in re.split(r"[\s,;:_]+", first.strip()) if word}
    return (len(rows) > 1 and _holds_number(rows[1][1])) or (
        bool(words & _OF_NAMES) and words <= _OF_NAMES | _OF_CODES
    )


def _parts(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,;:]+", text.strip().strip(",;:"))]


def _words(text: str) -> list[str]:
    """The parts of a line, between commas and the like where there are any, numbers one by one; else its words."""
    parts = _parts(text)
    split = [part.split() if len(parts) == 1 or part.replace(" ", "").isdecimal() else [part] for part in parts]
    return [word for words in split for word in words]


def _numbered_alike(lines: list[Line]) -> bool:
    """Whether the numbers of ``layer 1`` and ``layer 2`` are of the names, which would be alike without them."""
    return len(lines) > 1 and len({line.name for line in lines}) == 1 and not any(line.colour for line in lines)


def _line(text: str, place: int) -> Line | str:
    """The class of one line, or what is wrong with it."""
    words = _words(text)
    numbers = _numbers(words)
    name = " ".join(word.strip("\"'") for word in words if not word.isdecimal()).strip()
    if not name:
        return "a class without a name"
    too_large = [word for word in words if word.isdecimal() and whole(word) > IGNORED]
    if wrong := [*_no_values(text), *too_large]:
        return f"{cut(wrong[0], 40)} is neither a value nor part of a colour: both are whole and run from 0 to 255"
    if len(numbers) in (3, 4):
        colour = numbers[-3], numbers[-2], numbers[-1]
        return Line(name, numbers[0] if len(numbers) == 4 else place, colour)
    if len(numbers) <= 1:
        return Line(name, numbers[0] if numbers else place, None)
    return f"{len(numbers)} numbers are neither a value (1) nor a colour (3)"


def _numbers(words: list[str]) -> list[int]:
    """Those that are at most 255; of others is said that they are neither."""
    return [int(word) for word in words if word.isdecimal() and whole(word) <= IGNORED]


def _no_values(text: str) -> list[str]:
    parts = _parts(text)
    return [part for part in parts if len(parts) > 1 and _NO_VALUE.fullmatch(part)]


def _holds_number(text: str) -> bool:
    return bool(_no_values(text)) or any(word.isdecimal() for word in _words(text))


def twice(path: Path, lines: list[Line]) -> list[Problem]:
    """What is said of two of the `lines`: a name, a colour, or a value without one."""
    names, colours = Counter(x.name for x in lines), Counter(x.colour for x in lines if x.colour)
    values = Counter(x.value for x in lines if not x.colour)
    said = [f"the name {name}" for name, count in names.items() if count > 1]
    said += [f"the colour {', '.join(map(str, colour))}" for colour, count in colours.items() if count > 1]
    said += [f"the value {value}" for value, count in values.items() if count > 1]
    return [Problem(str(path), f"{what} stands there twice", "give each class its own") for what in said]
