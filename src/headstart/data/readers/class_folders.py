"""A folder with one subfolder a class: ``photos/bus/12.jpg`` is an example of the class bus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headstart.core.counts import first_few
from headstart.core.errors import InputError, Problem
from headstart.data.examples import Examples
from headstart.data.readers._class_files import ClassFiles, class_files
from headstart.data.readers._classes import class_mistakes
from headstart.data.readers._folders import (
    SPLIT_NAMES,
    files_in,
    folder_kind,
    folders_in,
    holds_inputs,
    left_out,
    main_modality,
    of_modality,
    refuse_column_names,
    table_suffixes,
)
from headstart.data.readers._masks_as_classes import masks_as_classes
from headstart.data.readers._pictures import IMAGE
from headstart.data.readers.base import Reader, Request


class ClassFolders(Reader):
    """Class folders without given splits. For prediction, loose files beside the folders count too."""

    caption = "a folder with one subfolder of files a class"

    def recognises(self, source: Any) -> bool:
        return folder_kind(source) == "class folders"

    def read(self, request: Request) -> Examples:
        root = Path(request.source)
        refuse_column_names(request, root)
        found = class_files(root)
        loose, stray = of_modality(files_in(root), found.modality)
        if request.needs_targets:
            stray, loose = sorted(stray + loose), []
        paths = loose + [path for path, _ in found.files]
        ids = [path.relative_to(root).as_posix() for path in paths]
        classes = [name for _, name in found.files]
        if request.needs_targets:
            _refuse_mistakes(root, classes, ids, found, request.fits)
        return Examples(
            modality=found.modality,
            references=[path.absolute() for path in paths],
            ids=ids,
            targets=classes if request.needs_targets else None,
            source=f"{root} (class folders)",
            notes=(
                *left_out(stray, root, "outside the class folders"),
                *left_out(found.others, root, "not of the kind of the other files"),
            ),
        )


def _refuse_mistakes(root: Path, classes: list[str], ids: list[str], found: ClassFiles, fits: bool) -> None:
    problems = [
        Problem(path.name, "this class folder is empty", "add its files, or remove it") for path in found.empty
    ]
    if fits and (unsure := _perhaps_a_split(root)):
        problems.append(unsure)
    elif fits and (whole := [child for child in folders_in(root) if folder_kind(child) == "split folders"]):
        what = f"its folders hold train/ and test/ folders of their own, so {whole[0].name!r} is no class"
        problems.append(Problem(str(root), what, f"did you mean {whole[0]}?"))
    elif fits and found.modality == IMAGE and (mistaken := masks_as_classes(root, found.files)):
        problems += mistaken
    elif fits:
        problems += class_mistakes(str(root), classes, ids, None, _hint(root))
    if problems:
        raise InputError(problems, f"{root}: its class folders cannot be learned from as they are.")


def _perhaps_a_split(root: Path) -> Problem | None:
    """What is wrong where a single folder has a split's name, and may be one as well as a class.

    It holds nothing but folders of files, and those beside it hold no other folders than it does.
    """
    named = [child for child in folders_in(root) if child.name.lower() in SPLIT_NAMES and holds_inputs(child)]
    beside = [child for child in folders_in(root) if child not in named and holds_inputs(child)]
    if len(named) != 1 or not beside:
        return None
    split, inside = named[0], _filled(named[0])
    if len(inside) < 2 or main_modality(files_in(split)) or any(_filled(child) - inside for child in beside):
        return None
    rest = [repr(child.name) for child in beside]
    return Problem(
        str(root),
        f"{split.name!r} is named like a split and holds folders as one does ({first_few(sorted(inside))}), but "
        f"no folder beside it ({first_few(rest)}) is named like another split, so it may be a split or a class",
        f"if it is a split, hand over {split} alone, or name another split val or test; if it is a class, rename it, "
        "or put its files into it without folders",
    )


def _filled(folder: Path) -> set[str]:
    """The names of the folders in it that hold inputs."""
    return {child.name for child in folders_in(folder) if holds_inputs(child)}


def _hint(root: Path) -> str:
    """What a person with a single class folder probably meant."""
    inner = [child for child in folders_in(root) if any(holds_inputs(below) for below in folders_in(child))]
    if inner:
        return f"did you mean {inner[0]}? It holds folders of files"
    tables = [path for path in files_in(root) if path.suffix.lower() in table_suffixes()]
    if tables:
        return f"did you mean the table {tables[0]}?"
    return "put the examples of each class into a subfolder of its own"
