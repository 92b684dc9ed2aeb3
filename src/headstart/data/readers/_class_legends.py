"""Class files of masks: a line a class, with its name and its value or its colour."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from headstart.core.errors import InputError, Problem
from headstart.core.masks import IGNORED, Colour

NAMES = (
    "classes.csv", "classes.txt", "class_dict.csv", "label_colors.txt", "label_colors.csv", "labels.csv",
    "labels.txt", "labelmap.txt", "palette.csv", "palette.txt", "class_names.txt", "_classes.csv",
)  # fmt: skip
VOID = "void"
SILENT = frozenset({VOID, "ignore", "ignored", "unlabelled", "unlabeled"})
"""Names of classes by which nobody is judged."""


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
    rows = [
        (number, _words(text))
        for number, text in enumerate(path.read_text(encoding="utf-8-sig", errors="replace").splitlines(), 1)
        if text.strip() and not text.lstrip().startswith("#")
    ]
    if rows and len(rows) > 1 and not _numbers(rows[0][1]) and _numbers(rows[1][1]):
        rows = rows[1:]  # a header
    lines, problems = [], []
    for place, (number, words) in enumerate(rows):
        line = _line(words, place)
        if isinstance(line, str):
            problems.append(Problem(f"{path} line {number}", line, "write name, r, g, b or name, value"))
        else:
            lines.append(line)
    if _numbered_alike(lines):
        lines = [Line(" ".join(words), place, None) for place, (_, words) in enumerate(rows)]
    problems += _twice(path, lines)
    if not lines and not problems:
        problems = [Problem(str(path), "it names no class")]
    if problems:
        raise InputError(problems, f"{path}: the class file cannot be used.")
    return lines


def _words(text: str) -> list[str]:
    """The parts of a line, between commas and the like where there are any, numbers one by one; else its words."""
    parts = [part.strip() for part in re.split(r"[,;:]+", text.strip().strip(",;:"))]
    split = [part.split() if len(parts) == 1 or part.replace(" ", "").isdigit() else [part] for part in parts]
    return [word for words in split for word in words]


def _numbered_alike(lines: list[Line]) -> bool:
    """Whether the numbers of ``layer 1`` and ``layer 2`` are of the names, which would be alike without them."""
    return len(lines) > 1 and len({line.name for line in lines}) == 1 and not any(line.colour for line in lines)


def _line(words: list[str], place: int) -> Line | str:
    """The class of one line, or what is wrong with it."""
    numbers = _numbers(words)
    name = " ".join(word.strip("\"'") for word in words if not word.isdigit()).strip()
    if not name:
        return "a class without a name"
    if any(number > IGNORED for number in numbers):
        return f"{max(numbers)} is neither a value nor part of a colour: both run from 0 to 255"
    if len(numbers) in (3, 4):
        colour = numbers[-3], numbers[-2], numbers[-1]
        return Line(name, numbers[0] if len(numbers) == 4 else place, colour)
    if len(numbers) <= 1:
        return Line(name, numbers[0] if numbers else place, None)
    return f"{len(numbers)} numbers are neither a value (1) nor a colour (3)"


def _numbers(words: list[str]) -> list[int]:
    return [int(word) for word in words if word.isdigit()]


def _twice(path: Path, lines: list[Line]) -> list[Problem]:
    names, colours = Counter(x.name for x in lines), Counter(x.colour for x in lines if x.colour)
    values = Counter(x.value for x in lines if not x.colour)
    said = [f"the name {name}" for name, count in names.items() if count > 1]
    said += [f"the colour {', '.join(map(str, colour))}" for colour, count in colours.items() if count > 1]
    said += [f"the value {value}" for value, count in values.items() if count > 1]
    return [Problem(str(path), f"{what} stands there twice", "give each class its own") for what in said]
