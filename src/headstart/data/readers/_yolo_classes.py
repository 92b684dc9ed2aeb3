"""The classes of YOLO's text files, and where its pictures lie: ``data.yaml``, or a list of names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from headstart.core.errors import InputError, Problem
from headstart.data.readers._box_folders import data_yaml, names_files
from headstart.data.readers._characters import read_characters
from headstart.data.readers._folders import SPLIT_NAMES


@dataclass
class YoloClasses:
    """``labels`` : number → name, None where nothing names them. ``splits`` : split → folders or lists of pictures.

    ``said`` is the file that was read, ``missing`` what is to be said of places that it names and are not there.
    ``posed`` says that key points stand behind each box (``kpt_shape``).
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
        lines = [line.strip() for line in read_characters(path).splitlines()]
    except InputError as error:
        return YoloClasses({}, said=name, problems=error.problems or [Problem(name, "it names no class")])
    while lines and not lines[-1]:
        lines.pop()
    problems = [Problem(f"{name} line {number}", "it is empty") for number, line in enumerate(lines, 1) if not line]
    return YoloClasses(dict(enumerate(lines)), said=name, problems=problems + _twice(name, lines))


def _from_yaml(path: Path, root: Path) -> YoloClasses:
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    found = YoloClasses({}, said=name)
    try:
        content = yaml.safe_load(read_characters(path))
    except InputError as error:
        found.problems += error.problems or [Problem(name, str(error).replace(f"{path} ", "it "))]
        return found
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = name if mark is None else f"{name} line {mark.line + 1}"
        found.problems.append(Problem(where, f"not YAML: {getattr(error, 'problem', None) or error}"))
        return found
    if not isinstance(content, dict) or "names" not in content:
        found.problems.append(Problem(name, "it lacks the key 'names', the classes", "names: [cat, dog]"))
        return found
    found.posed = bool(content.get("kpt_shape"))
    found.labels = _names(content["names"], name, found.problems)
    if content.get("nc", len(found.labels)) != len(found.labels) and not found.problems:
        what = f"nc says {content['nc']!r} classes, and {len(found.labels)} are named"
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
                found.missing.append(f"{found.said} names {entry} for {key}, which is not there.")
            else:
                found.splits.setdefault(SPLIT_NAMES[key], []).append(place)


def _names(given: Any, where: str, problems: list[Problem]) -> dict[int, str]:
    """A list of names, or a mapping from number to name."""
    named = dict(enumerate(given)) if isinstance(given, list) else given
    if isinstance(named, dict):
        named = {int(key) if isinstance(key, str) and key.isdecimal() else key: name for key, name in named.items()}
    if not isinstance(named, dict) or not named:
        problems.append(Problem(where, f"its names are {given!r:.40}, neither a list nor a mapping of numbers"))
        return {}
    wrong = [
        key for key, label in named.items() if not isinstance(key, int) or label is None or not str(label).strip()
    ]
    problems += [Problem(where, f"class {key!r} is called {named[key]!r}") for key in wrong]
    labels = {key: str(label).strip() for key, label in named.items() if key not in wrong}
    problems += _twice(where, list(labels.values()))
    return labels


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
    return next((place.resolve() for place in tried if place.exists()), None)
