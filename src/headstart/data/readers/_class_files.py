"""The files of class folders, each with its class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from headstart.data.readers._folders import files_below, folders_in, main_modality, of_modality


@dataclass(frozen=True)
class ClassFiles:
    """``files``: (path, class); ``others``: files of another kind; ``empty``: folders without any file."""

    modality: str
    files: list[tuple[Path, str]]
    others: list[Path]
    empty: list[Path]


def class_files(root: Path, modality: str | None = None) -> ClassFiles:
    """Every file below the class folders of `root`; the modality is that of most files unless given.

    `root` must hold a class folder with at least one input when `modality` is not given.
    """
    below = {folder.name: list(files_below(folder)) for folder in folders_in(root)}
    modality = modality or main_modality([path for paths in below.values() for path in paths]) or ""
    files, others = [], []
    for name, paths in below.items():
        mine, rest = of_modality(paths, modality)
        files += [(path, name) for path in mine]
        others += rest
    return ClassFiles(modality, files, others, [root / name for name, paths in below.items() if not paths])
