"""The layout of the Medical Segmentation Decathlon and of nnU-Net: ``imagesTr``, ``labelsTr`` and ``dataset.json``.

From the data set's paper (Antonelli et al., "The Medical Segmentation Decathlon", Nature Communications 2022) and the
description of nnU-Net's folders, which adds the number of a channel to the names of pictures and turns the classes of
``dataset.json`` round.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from headstart.core.errors import InputError, Problem
from headstart.core.masks import IGNORED
from headstart.data.readers._characters import EmptyFile, read_characters
from headstart.data.readers._class_legends import ClassLines, Line, twice
from headstart.data.readers._numbers import cut

PICTURE = "_0000"
"""What may follow the name of a case in the stem of its picture: the first of its channels."""

CLASSES = "dataset.json"
_PARTS = {"tr": "train", "ts": "test"}
_IMAGES, _LABELS = "images", "labels"


def folders(folder: Path) -> list[tuple[str | None, Path, Path]]:
    """(split, pictures, masks) of each part that has both; no split where that is one part alone."""
    named = {child.name.lower(): child for child in folder.iterdir() if child.is_dir()}
    parts = {
        split: (named[_IMAGES + part], named[_LABELS + part])
        for part, split in _PARTS.items()
        if _IMAGES + part in named and _LABELS + part in named and any(named[_LABELS + part].iterdir())
    }
    return [(split if len(parts) > 1 else None, *both) for split, both in parts.items()]


def unlabelled(folder: Path) -> list[Path]:
    """The folders of pictures without masks."""
    with_masks = {images for _, images, _ in folders(folder)}
    named = [child for child in sorted(folder.iterdir()) if child.is_dir() and _is_part(child.name)]
    return [child for child in named if with_masks and child not in with_masks]


def _is_part(name: str) -> bool:
    return name.lower() in {_IMAGES + part for part in _PARTS}


def classes_of(folder: Path) -> ClassLines | None:
    """The classes that ``dataset.json`` says; None where there is none, or it says none.

    Raises
    ------
    InputError : it cannot be read, or its classes are no names with whole numbers from 0 to 255.
    """
    path = folder / CLASSES
    if not path.is_file() or not folders(folder):
        return None
    unusable = f"{path}: the classes of the masks cannot be read."
    try:
        content = json.loads(read_characters(path, str(path)))
    except EmptyFile as error:
        raise InputError(Problem(str(path), "it is empty", "write it again, or remove it"), unusable) from error
    except (ValueError, RecursionError) as error:
        what = f"it is no JSON ({cut(str(error), 80)})"
        raise InputError(Problem(str(path), what, "write it again, or remove it"), unusable) from error
    said = content.get("labels") if isinstance(content, dict) else None
    if said is None:
        return None
    if not isinstance(said, dict):
        raise InputError(Problem(str(path), "its 'labels' are no object of classes", _HOW), unusable)
    lines = [_line(*pair) for pair in said.items()]
    problems = [
        Problem(str(path), f"its label {cut(str(name), 40)!r}: {cut(json.dumps(value), 40)} is no class", _HOW)
        for (name, value), line in zip(said.items(), lines, strict=True)
        if line is None
    ]
    known = [line for line in lines if line]
    if problems := problems + twice(path, known):
        raise InputError(problems, unusable)
    return ClassLines(known, str(path)) if known else None


_HOW = 'write "0": "background", "1": "liver" or "background": 0, "liver": 1'


def _line(name: str, value: Any) -> Line | None:
    """A class of either form: its number and its name, or its name and its number."""
    if isinstance(value, str):
        name, value = value, int(name) if name.isdecimal() and len(name) < 4 else None
    whole = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= IGNORED
    return Line(name.strip(), value, None) if whole and name.strip() else None
