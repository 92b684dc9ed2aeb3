"""A folder with ``train/``, perhaps ``val/``, and ``test/``, each holding one subfolder a class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headstart.core.errors import InputError, Problem
from headstart.data.examples import SPLITS, Examples
from headstart.data.readers._class_files import class_files
from headstart.data.readers._classes import class_mistakes
from headstart.data.readers._folders import (
    SPLIT_NAMES,
    files_below,
    files_in,
    folder_kind,
    folders_in,
    left_out,
    main_modality,
    of_modality,
    refuse_column_names,
)
from headstart.data.readers.base import Reader, Request


class SplitFolders(Reader):
    """Given splits, by the names people use (``train``, ``training``, ``val``, ``valid``, ``dev``, ``test`` …)."""

    caption = "a folder with train/ and test/ (and val/), each with one subfolder of files a class"

    def recognises(self, source: Any) -> bool:
        return folder_kind(source) == "split folders"

    def read(self, request: Request) -> Examples:
        root = Path(request.source)
        refuse_column_names(request, root)
        named = [path for path in folders_in(root) if path.name.lower() in SPLIT_NAMES]
        parts = {path: split for split in SPLITS for path in named if SPLIT_NAMES[path.name.lower()] == split}
        modality = main_modality([path for part in parts for path in files_below(part)]) or ""
        found = {part: class_files(part, modality) for part in parts}
        rows = [(path, name, parts[part]) for part in parts for path, name in found[part].files]
        ids = [path.relative_to(root).as_posix() for path, _, _ in rows]
        classes, splits = [name for _, name, _ in rows], [split for _, _, split in rows]
        if request.needs_targets:
            empty = [path for part in parts for path in found[part].empty if parts[part] == "train"]
            if not request.keeps_splits:
                empty = [path for path in empty if path.name not in classes]
            _refuse_mistakes(root, classes, ids, splits if request.keeps_splits else None, empty, request.fits)
        unused = [folder for folder in folders_in(root) if folder not in parts]
        loose = [path for part in parts for path in of_modality(files_in(part), modality)[0]]
        others = [path for part in parts for path in found[part].others]
        return Examples(
            modality=modality,
            references=[path.absolute() for path, _, _ in rows],
            ids=ids,
            targets=classes if request.needs_targets else None,
            splits=splits,
            source=f"{root} (split folders)",
            notes=(
                *left_out(unused, root, "no split's name"),
                *left_out(loose, root, "in a split but in no class folder"),
                *left_out(others, root, "not of the kind of the other files"),
            ),
        )


def _refuse_mistakes(
    root: Path, classes: list[str], ids: list[str], splits: list[str] | None, empty: list[Path], fits: bool
) -> None:
    problems = [
        Problem(path.relative_to(root).as_posix(), "this class folder is empty", "add its files, or remove it")
        for path in empty
    ]
    if fits:
        problems += class_mistakes(str(root), classes, ids, splits)
    if problems:
        raise InputError(problems, f"{root}: its class folders cannot be learned from as they are.")
