"""The pixels of a mask, whatever file holds them: one of a picture, or a medical one at the slice that is shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from headstart.core.errors import Problem
from headstart.core.masks import Codes, codes_of, numbers_of, read_codes, read_numbers
from headstart.data.modalities._scan_labels import labels_of, unlike
from headstart.data.modalities._scans import is_scan


def codes_in(path: Path, coloured: bool | None = None) -> Codes:
    """As :func:`headstart.core.masks.read_codes`, of a medical file too."""
    return codes_of(labels_of(path), coloured) if is_scan(path) else read_codes(path, coloured)


def numbers_in(path: Path) -> np.ndarray:
    """As :func:`headstart.core.masks.read_numbers`, of a medical file too."""
    return numbers_of(labels_of(path)) if is_scan(path) else read_numbers(path)


def other_place(picture: Path, mask: Path, where: str) -> Problem | None:
    """That the slices of a mask, called `where`, are not those of its picture; None where nothing is wrong.

    Raises
    ------
    ValueError : the mask cannot be read.
    """
    found = unlike(picture, mask) if is_scan(mask) else None
    return None if found is None else Problem(where, *found)
