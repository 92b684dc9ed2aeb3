"""Lists of the pictures of a split, one a line: ``ImageSets/Main/train.txt``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from headstart.data.readers._folders import SPLIT_NAMES
from headstart.data.readers._kinds_of_input import bare_name, may_end_so

_LISTS = {**SPLIT_NAMES, "trainval": "train"}


@dataclass(frozen=True)
class Listed:
    """A line of a list: where it stands, and the split."""

    where: str
    split: str


def listed_splits(root: Path, lists: Iterable[Path]) -> dict[str, Listed]:
    """Stem of a picture → the split whose list names it first in a line; train and validation before trainval."""
    found: dict[str, Listed] = {}
    for path in sorted(lists, key=lambda path: (path.stem.lower() == "trainval", path.as_posix())):
        split = _LISTS.get(path.stem.lower())
        if split is None:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if words := line.split():
                where = f"{path.relative_to(root).as_posix()} line {number}"
                found.setdefault(_stem(words[0]), Listed(where, split))
    return found


def _stem(name: str) -> str:
    """``images/a.b.png`` → ``a.b``, and ``a.b`` stays: only the ending of an input goes."""
    path = PurePosixPath(name.replace("\\", "/"))
    return bare_name(path) if may_end_so(path) else path.name
