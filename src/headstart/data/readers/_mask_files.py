"""The pictures and the masks of a pair of folders, and the splits that lists of names give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from headstart.core.errors import Problem
from headstart.data.readers import _cityscapes as cityscapes
from headstart.data.readers import _decathlon as decathlon
from headstart.data.readers._class_legends import ClassLines, find_class_file, read_class_file
from headstart.data.readers._folders import files_below, left_out, of_modality
from headstart.data.readers._kinds_of_input import bare_name
from headstart.data.readers._mask_layout import Pair, masks_among, may_be_mask, stem_of, stems
from headstart.data.readers._pictures import IMAGE
from headstart.data.readers._split_lists import Listed, listed_splits

_LISTS = ("ImageSets/Segmentation", "ImageSets/Main", "ImageSets", ".")
"""Where lists of the pictures of a split lie (``train.txt``), the first that holds any."""


def pictures_of(pair: Pair) -> tuple[list[Path], list[Path]]:
    """(The pictures, other files); where masks lie among the pictures they are neither."""
    files = list(files_below(pair.images))
    if pair.images == pair.masks:
        masks = masks_among(files)
        files = [path for path in files if path not in masks]
    return of_modality(files, IMAGE)


def masks_of(pair: Pair, objects: bool = False) -> Sequence[Path]:
    """The files of masks, in a fixed order: those of `objects` where a picture has such beside those of classes."""
    files = list(files_below(pair.masks))
    if pair.images == pair.masks:
        return sorted(masks_among(files))
    return cityscapes.of_one_form([path for path in files if may_be_mask(path)], objects)


def called_alike(root: Path, pair: Pair, pictures: Sequence[Path], masks: Sequence[Path]) -> list[Problem]:
    """The `pictures` and `masks` of a pair whose names differ from another's in ending or capitals alone."""
    rename = "keep one of the two, or rename it and its mask"
    return [
        *_alike(root, pair.images, pictures, "its mask cannot be told", rename),
        *_alike(root, pair.masks, masks, "one picture has both for its mask", "keep the one that is right"),
    ]


def _alike(root: Path, folder: Path, files: Sequence[Path], so: str, cure: str) -> list[Problem]:
    """A problem for each of `files` that has the stem of one before it."""
    of_stem = stems(folder, reversed(files))
    firsts = [(path, of_stem[stem_of(folder, path)]) for path in files]
    return [
        Problem(
            path.relative_to(root).as_posix(),
            f"its name is that of {first.name} but for ending or capitals, so {so}",
            cure,
        )
        for path, first in firsts
        if path != first
    ]


def classes_said(root: Path, pairs: Sequence[Pair], masks: Sequence[Path]) -> ClassLines | None:
    """The classes of `masks`, by a class file or by the names of the masks; None where neither says them.

    Raises
    ------
    InputError : a class file that cannot be read.
    """
    places = [root, *(pair.masks.parent for pair in pairs), *(p.masks for p in pairs if p.images == p.masks)]
    file = find_class_file(places)
    if file:
        return ClassLines(read_class_file(file), str(file))
    return decathlon.classes_of(root) or cityscapes.classes_of(masks)


class GivenSplits:
    """The splits of pictures: by the folders they lie in, else by lists below `root`, else None."""

    def __init__(self, root: Path, pairs: Sequence[Pair], pictures: Sequence[Path]) -> None:
        self.root = root
        names = {bare_name(path) for path in pictures}
        self._listed: Mapping[str, Listed] = {}
        if not any(pair.split for pair in pairs):
            found = (listed_splits(root, (root / place).glob("*.txt")) for place in _LISTS)
            self._listed = next((lists for lists in found if names & lists.keys()), {})
        self.problems = [
            Problem(line.where, f"there is no picture {stem}", "add it, or remove the line")
            for stem, line in self._listed.items()
            if stem not in names
        ]

    def of(self, pair: Pair, picture: Path) -> str | None:
        """The split of a picture of the pair."""
        listed = self._listed.get(bare_name(picture))
        return pair.split or (listed.split if listed else None)

    def spare(self, picture: Path) -> bool:
        """Whether there are lists, and none names the picture: it may then be without a mask."""
        return bool(self._listed) and bare_name(picture) not in self._listed

    def notes(self, kept: Sequence[Path], spared: Sequence[Path]) -> tuple[str, ...]:
        """What is said of pictures that no list names: those `kept`, and those left out for want of a mask."""
        unlisted = [path for path in kept if self.spare(path)]
        first = ", ".join(path.relative_to(self.root).as_posix() for path in unlisted[:3])
        said = f"In no list of a split, and learnt from: {first} ({len(unlisted):,} in all)."
        return (*((said,) if unlisted else ()), *left_out(list(spared), self.root, "in no list, and without a mask"))
