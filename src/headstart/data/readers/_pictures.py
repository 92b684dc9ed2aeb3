"""The pictures below a folder: found by the names that annotations call them, and how large each is."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from headstart.data.modalities._image_files import opened, upright_size
from headstart.data.modalities._scans import is_scan, size_of
from headstart.data.readers._folders import SPLIT_NAMES, files_below
from headstart.data.readers._kinds_of_input import bare_name, kind_of

IMAGE = "image"


class Pictures:
    """Every picture below `root`, in a fixed order, then those `elsewhere`: in folders, or files themselves."""

    def __init__(self, root: Path, elsewhere: Sequence[Path] = ()) -> None:
        self.root = root
        files = [*files_below(root), *(path for place in elsewhere for path in _files_at(place))]
        self.paths = [path for path in dict.fromkeys(files) if kind_of(path) == IMAGE]
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        self._by_stem: dict[str, list[Path]] = defaultdict(list)
        for path in self.paths:
            self._by_name[path.name.lower()].append(path)
            self._by_stem[bare_name(path)].append(path)

    def called(self, name: str, near: Sequence[str]) -> Path | None:
        """The picture that an annotation calls `name`, perhaps with folders before it; None where there is none.

        Of several, the one with the most of the folders `near` on its way; None too where that leaves a choice.
        Capitals count only where two names differ in nothing else: ``a.JPG`` finds ``a.jpg``.
        """
        asked = PurePosixPath(name.replace("\\", "/"))
        found = self._by_name.get(asked.name.lower(), [])
        found = [path for path in found if path.name == asked.name] or found
        for depth in range(len(asked.parts), 0, -1):
            alike = [path for path in found if _ends(path, asked, depth)]
            if alike:
                return _nearest(alike, near)
        return None

    def with_stem(self, stem: str, near: Sequence[str]) -> Path | None:
        """The picture whose name without ending is `stem`; of several as for :meth:`called`."""
        return _nearest(self._by_stem.get(stem, []), near)

    def name(self, path: Path) -> str:
        """A file as a person at the root calls it."""
        below = path.is_relative_to(self.root)
        return (path.relative_to(self.root) if below else Path(os.path.relpath(path, self.root.resolve()))).as_posix()

    def split(self, path: Path) -> str | None:
        """The split that a folder on the way from the root to the file is named after."""
        return split_named(Path(self.name(path)).parts[:-1])


def _files_at(place: Path) -> Iterable[Path]:
    return files_below(place) if place.is_dir() else [place]


def _ends(path: Path, asked: PurePosixPath, depth: int) -> bool:
    """Whether the last `depth` parts are those that were asked for, whatever their capitals."""
    return [part.lower() for part in path.parts[-depth:]] == [part.lower() for part in asked.parts[-depth:]]


def split_named(parts: Sequence[str]) -> str | None:
    """The split that one of the names means, the last first: ``train2017`` and ``instances_val`` too."""
    for part in reversed(parts):
        for word in _words(part):
            if word in SPLIT_NAMES:
                return SPLIT_NAMES[word]
    return None


def _words(name: str) -> list[str]:
    """The words of a file's name, in lower case: ``Instances_val2017`` → instances, val."""
    return "".join(letter if letter.isalpha() else " " for letter in name.lower()).split()


def _nearest(found: Sequence[Path], near: Sequence[str]) -> Path | None:
    if len(found) <= 1:
        return found[0] if found else None
    shared = [sum(part in path.parts for part in near) for path in found]
    best = [path for path, count in zip(found, shared, strict=True) if count == max(shared)]
    return best[0] if len(best) == 1 else None


def picture_size(path: Path) -> tuple[int, int] | None:
    """(width, height) in pixels as a person sees it, of a medical file too; None where the file is no picture."""
    try:
        if is_scan(path) and (size := size_of(path)) is not None:
            return size
        with opened(path) as image:
            return upright_size(image)
    except (OSError, ValueError):
        return None
