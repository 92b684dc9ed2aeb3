"""Two class folders that are no classes: one holds pictures, and the other the masks of those pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from headstart.core.errors import Problem
from headstart.data.readers._mask_layout import matched, stems
from headstart.data.readers._mask_legend import MOST_COLOURS
from headstart.data.readers._mask_pixels import codes_in
from headstart.data.readers._pictures import picture_size

_LOOKED_AT = 3
"""Pairs that are opened: names alone tell nothing, since classes are often numbered alike."""


def masks_as_classes(root: Path, files: Sequence[tuple[Path, str]]) -> list[Problem]:
    """What is to be said of class folders whose `files` (path, class) are pictures and masks; nothing of others."""
    names = list(dict.fromkeys(name for _, name in files))
    if len(names) != 2:
        return []
    for images, masks in (names, names[::-1]):
        own, others = (stems(root / each, [path for path, name in files if name == each]) for each in (images, masks))
        both = matched(own, others)
        if len(both) == len(own) == len(others) and all(_is_mask(own[s], both[s]) for s in list(both)[:_LOOKED_AT]):
            what = f"{masks!r} holds masks of the pictures in {images!r}, pixel for pixel, and no examples of a class"
            return [Problem(str(root), what, "call the folders 'images' and 'masks', and every pixel has a class")]
    return []


def _is_mask(picture: Path, mask: Path) -> bool:
    """Whether the second file has a few values or colours, the first more, and both are of one size."""
    size = picture_size(picture)
    return size is not None and size == picture_size(mask) and _is_flat(mask) and not _is_flat(picture)


def _is_flat(path: Path) -> bool:
    try:
        return len(np.unique(codes_in(path).codes)) <= MOST_COLOURS
    except ValueError:  # a JPEG file, a damaged one
        return False
