"""What kind of folder this is: boxes, splits of class folders, tables, class folders, loose files – one of them."""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from headstart.core.counts import first_few
from headstart.core.errors import UsageError
from headstart.core.registry import Registry
from headstart.data.readers._box_folders import box_formats
from headstart.data.readers._kinds_of_input import ending, kind_of, suffixes
from headstart.data.readers._mask_layout import pairs_in
from headstart.data.readers.base import Request

SPLIT_NAMES = {
    **dict.fromkeys(["train", "training"], "train"),
    **dict.fromkeys(["val", "valid", "validation", "dev"], "validation"),
    **dict.fromkeys(["test", "testing"], "test"),
}
"""Folder and file names (lower case) → split."""

_LITTER = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini", "@eaDir"})

Kind = Literal[
    "data set", "boxes", "mask folders", "split folders", "split files", "class folders", "loose files"
]  # fmt: skip


def is_path(source: Any) -> bool:
    """Whether this is a path at all, and one the system can look up (not a page of text)."""
    if not isinstance(source, str | Path):
        return False
    try:
        Path(source).exists()
    except (OSError, ValueError):
        return False
    return True


def folder_kind(source: Any) -> Kind | None:
    """What the folder holds, judged by names alone; None when it is no folder or nothing is recognised."""
    if not is_path(source) or not Path(source).is_dir():
        return None
    folder = Path(source)
    names = {path.name for path in folder.iterdir()}
    if "dataset_dict.json" in names or {"state.json", "dataset_info.json"} <= names:
        return "data set"
    if box_formats(folder):
        return "boxes"
    if pairs_in(folder, SPLIT_NAMES):
        return "mask folders"
    if _has_split_folders(folder):
        return "split folders"
    if split_tables(folder).get("train"):
        return "split files"
    if any(holds_inputs(child) for child in folders_in(folder)):
        return "class folders"
    return "loose files" if _hold_inputs(files_in(folder)) else None


def _has_split_folders(folder: Path) -> bool:
    """Folders named like splits, one of which holds class folders.

    A class may be called "train" too: a single folder with a split's name beside other folders of inputs is one.
    """
    filled = [child for child in folders_in(folder) if holds_inputs(child)]
    named = [child for child in filled if child.name.lower() in SPLIT_NAMES]
    with_classes = any(holds_inputs(below) for child in named for below in folders_in(child))
    return with_classes and (len(named) >= 2 or len(named) == len(filled))


def split_tables(folder: Path) -> dict[str, list[Path]]:
    """Split → the tables of that split (``train.csv``, ``dev.tsv``) in a folder."""
    found: dict[str, list[Path]] = {}
    for path in files_in(folder):
        split = SPLIT_NAMES.get(path.stem.lower())
        if split and path.suffix.lower() in table_suffixes():
            found.setdefault(split, []).append(path)
    return found


@functools.cache
def table_suffixes() -> frozenset[str]:
    """The endings of all tables that some reader reads."""
    readers = Registry(__package__, "reader")
    return frozenset().union(*(readers.load(name).table_suffixes for name in readers.names()))


def folders_in(folder: Path) -> list[Path]:
    """The subfolders a person sees, sorted by name."""
    return [path for path in _visible(folder) if path.is_dir()]


def files_in(folder: Path) -> list[Path]:
    """The files a person sees in the folder itself, sorted by name."""
    return [path for path in _visible(folder) if path.is_file() and not _is_index(path.name)]


def files_below(folder: Path) -> Iterator[Path]:
    """The files a person sees in the folder and all below, in a fixed order."""
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if _is_visible(name))
        yield from (Path(root, name) for name in sorted(files) if _is_visible(name) and not _is_index(name))


def holds_inputs(folder: Path) -> bool:
    """Whether any file in the folder or below is an input; names are asked first, as a look inside costs more."""
    return _hold_inputs(files_below(folder))


def _hold_inputs(files: Iterable[Path]) -> bool:
    unsure = []
    for path in files:
        if ending(path) in suffixes():
            return True
        unsure.append(path)
    return any(kind_of(path) for path in unsure)


def main_modality(files: list[Path]) -> str | None:
    """The modality most of these files belong to."""
    counts = Counter(kind for path in files if (kind := kind_of(path)))
    return max(sorted(counts), key=lambda name: counts[name]) if counts else None


def of_modality(files: list[Path], modality: str) -> tuple[list[Path], list[Path]]:
    """(files of this modality, all others)."""
    mine = [path for path in files if kind_of(path) == modality]
    chosen = set(mine)
    return mine, [path for path in files if path not in chosen]


def refuse_column_names(request: Request, source: Path) -> None:
    """Folders have no columns: an option that names one is a mistake, not something to overlook."""
    asked = {"--input": request.input, "--target": request.target, "--group": request.group}
    if given := [f"{option} {name}" for option, name in asked.items() if name is not None]:
        raise UsageError(
            f"{' and '.join(given)}: column names are for tables, and {source} is a folder of files. "
            "Leave them out, or hand over a table with a column of paths."
        )


def left_out(paths: list[Path], root: Path, why: str) -> tuple[str, ...]:
    """A note about files that were not used, or none."""
    if not paths:
        return ()
    return (f"Left out, {why}: {first_few([path.relative_to(root).as_posix() for path in paths])}.",)


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if _is_visible(path.name))


def _is_visible(name: str) -> bool:
    return not name.startswith(".") and name not in _LITTER


def _is_index(name: str) -> bool:
    """Whether a file is the index of a disc of DICOM files, itself one without a picture."""
    return name.upper() == "DICOMDIR"
