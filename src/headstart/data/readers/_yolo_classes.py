"""The classes of YOLO's text files, and where its pictures lie: ``data.yaml``, or a list of names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from headstart.core.errors import InputError, Problem
from headstart.data.readers._box_folders import data_yaml, names_files
from headstart.data.readers._characters import EmptyFile, lines_of, read_characters
from headstart.data.readers._folders import SPLIT_NAMES
from headstart.data.readers._numbers import cut, shown, whole

_NOT_YAML = (yaml.YAMLError, ValueError, RecursionError, ArithmeticError, LookupError, AttributeError)
"""What the parser raises, of a value that its tag or form promises and that is none (``!!bool 7``) too."""


@dataclass
class YoloClasses:
    """``labels`` : number → name, None where nothing names them or they cannot be read.

    ``splits`` : split → folders or lists of pictures. ``said`` is the file that was read, ``missing`` what is to be
    said of places that it names and are not there. ``posed`` says that key points stand behind each box
    (``kpt_shape``).
    """

    labels: Mapping[int, str] | None = None
    splits: dict[str, list[Path]] = field(default_factory=dict)
    said: str = ""
    problems: list[Problem] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    posed: bool = False


def yolo_classes(root: Path, given: Path | None = None) -> YoloClasses:
    """What the YAML file `given`, or one in the folder, says; else a list of names; else nothing."""
    if path := given or data_yaml(root):
        return _from_yaml(path, root)
    if files := names_files(root):
        return _from_list(files[0], root)
    return YoloClasses()


def _from_list(path: Path, root: Path) -> YoloClasses:
    name = path.relative_to(root).as_posix()
    try:
        lines = [line.strip() for line in lines_of(read_characters(path, name))]
    except EmptyFile:
        return YoloClasses(said=name, problems=[Problem(name, "it names no class")])
    except InputError as error:
        return YoloClasses(said=name, problems=error.problems)
    while lines and not lines[-1]:
        lines.pop()
    problems = [Problem(f"{name} line {number}", "it is empty") for number, line in enumerate(lines, 1) if not line]
    return YoloClasses(dict(enumerate(lines)), said=name, problems=problems + _twice(name, lines))


def _from_yaml(path: Path, root: Path) -> YoloClasses:
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    found = YoloClasses(said=name)
    try:
        content = yaml.safe_load(read_characters(path, name))
    except InputError as error:
        found.problems += error.problems
        return found
    except _NOT_YAML as error:
        mark = getattr(error, "problem_mark", None)
        where = name if mark is None else f"{name} line {mark.line + 1}"
        what = getattr(error, "problem", None) or "a value is not what its tag or form says that it is"
        if isinstance(error, ValueError | RecursionError):
            what = str(error).partition(";")[0]  # behind it is advice to programmers
        found.problems.append(Problem(where, f"not YAML: {what}"))
        return found
    if not isinstance(content, dict) or "names" not in content:
        found.problems.append(Problem(name, "it lacks the key 'names', the classes", "names: [cat, dog]"))
        return found
    found.posed = bool(content.get("kpt_shape"))
    found.labels = _names(content["names"], name, found.problems)
    many = len(found.labels or ())
    if content.get("nc", many) != many and not found.problems:
        what = f"nc says {shown(content['nc'])} classes, and {many} are named"
        found.problems.append(Problem(name, what))
    _read_splits(content, path.parent, found)
    return found


def _read_splits(content: Mapping[Any, Any], folder: Path, found: YoloClasses) -> None:
    """Put the places of each split into what was found, and those that are not there."""
    for key, given in content.items():
        if not isinstance(key, str) or key not in SPLIT_NAMES or not given:
            continue
        for entry in given if isinstance(given, list) else [given]:
            place = _place(str(entry), folder, content.get("path"))
            if place is None:
                found.missing.append(f"{found.said} names {cut(str(entry))} for {key}, which is not there.")
            else:
                found.splits.setdefault(SPLIT_NAMES[key], []).append(place)


def _names(given: Any, where: str, problems: list[Problem]) -> dict[int, str] | None:
    """A list of names, or a mapping from number to name; None where the numbers cannot be told."""
    named = dict(enumerate(given)) if isinstance(given, list) else given
    if isinstance(named, dict):
        named = {_key(key): name for key, name in named.items()}
    if not isinstance(named, dict) or not named:
        problems.append(Problem(where, f"its names are {shown(given)}, neither a list nor a mapping of numbers"))
        return None
    wrong = [
        key for key, label in named.items() if not isinstance(key, int) or label is None or not str(label).strip()
    ]
    problems += [Problem(where, f"class {shown(key)} is called {shown(named[key])}") for key in wrong]
    problems += _twice(where, [str(label).strip() for key, label in named.items() if key not in wrong])
    if not all(isinstance(key, int) for key in named):
        return None
    return {key: str(label).strip() for key, label in named.items()}  # all of them: what is wrong was said, once


def _key(given: Any) -> Any:
    """The number of a class, also between quotation marks."""
    key = whole(given) if isinstance(given, str) and given.isdecimal() else given
    return given if isinstance(key, float) else key


def _twice(where: str, names: list[str]) -> list[Problem]:
    repeated = dict.fromkeys(name for name in names if name and names.count(name) > 1)
    return [Problem(where, f"two classes are called {name!r}") for name in repeated]


def _place(entry: str, folder: Path, base: Any) -> Path | None:
    """The folder, or list of pictures, that a split names; None where it is not there.

    Exports often say ``../train/images`` of a folder beside the file.
    """
    starts = [folder / str(base), folder] if base else [folder]
    steps = [part for part in Path(entry).parts if part != ".."]
    tried = (*(start / entry for start in starts), folder.joinpath(*steps))
    # pathlib's own exists() raises where a name is too long for the system, or holds a NUL
    return next((place.resolve() for place in tried if os.path.exists(place)), None)
