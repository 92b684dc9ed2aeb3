"""Medical files, DICOM and NIfTI: told by content, decoded, cut into slices; and whose they are, in memory only."""

from __future__ import annotations

import functools
import os
import secrets
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import PIL.Image

from headstart.core.files import digest
from headstart.core.paths import ending_of
from headstart.data.modalities import _dicom, _nifti
from headstart.data.modalities._of_medicine import NO_DEVICE

DICOM, NIFTI = frozenset({".dcm", ".dicom"}), frozenset({".nii", ".nii.gz"})

MARKED = frozenset({"", ".ima", ".img", ".dic", ".dicm", ".dc3"})
"""Endings that DICOM files have too, most of them none; the mark in the file says whether it is one."""

MOST_SLICES = 9
"""A file with more gives so many, evenly spread."""

_INNER = 0.8
"""Slices are taken from this middle part of a volume: the ends mostly show nothing."""

_START, _MARK_ENDS = 1024, 132
_MOST_KNOWN = 2**17

Told = TypeVar("Told")

CAUTION = f"This was made from medical files (DICOM or NIfTI). {NO_DEVICE}"


@dataclass(frozen=True)
class Slice:
    """One of the slices, or frames, in a file."""

    path: Path
    place: int

    def read_bytes(self) -> bytes:
        """The whole file."""
        return self.path.read_bytes()


def is_scan(path: str | Path) -> bool:
    """Whether a file has the ending of a medical file, or none and the mark of DICOM."""
    return str(path).lower().endswith(tuple(NIFTI)) or is_dicom_file(path)


def is_dicom_file(path: str | Path) -> bool:
    """Whether a file has the ending of a DICOM file, or else one of `MARKED` and the mark: so much of it is read."""
    ending = ending_of(path)
    return ending in DICOM or (ending in MARKED and is_marked(path))


def is_marked(path: str | Path) -> bool:
    """Whether there is such a file, and it has the mark of DICOM; it is read once while it stays as it is."""
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode) or found.st_size < _MARK_ENDS:  # to open a pipe would wait for its writer
            return False
        return _begins_as_dicom(str(path), found.st_ino, found.st_mtime_ns, found.st_size)
    except (OSError, ValueError):  # texts are asked about too: too long for a path, or with a NUL in them
        return False


@functools.lru_cache(_MOST_KNOWN)
def _begins_as_dicom(path: str, *_: int) -> bool:
    with open(path, "rb") as file:
        return _dicom.is_dicom(file.read(_MARK_ENDS))


def decoded_scan(file: BinaryIO, place: int | None, most_pixels: int, path: Path | None) -> PIL.Image.Image | None:
    """The picture of a medical file, or None where this is none; of several slices the middle one, or `place`.

    `path` lets several slices of one volume be had for one reading.

    Raises
    ------
    ValueError : it cannot be decoded, with a person's sentence.
    """
    start = file.read(_START)
    file.seek(0)
    if _dicom.is_dicom(start):
        return _dicom.decoded(file, place, most_pixels)
    if _nifti.is_nifti(start):
        return _nifti.decoded(file if path is None else path, place)
    return None


def size_of(path: Path) -> tuple[int, int] | None:
    """(width, height) in pixels of the picture of a medical file; None where its content is none.

    Raises
    ------
    ValueError : it cannot be read.
    """
    size = told_by_content(path, _dicom.size, _nifti.size)
    return size if size and all(size) else None


def slices_of(path: Path) -> list[Any]:
    """The slices that stand for a medical file, its middle one first; the path alone where it holds one.

    The first is the file as a whole, whose middle is decoded. What cannot be read stands for itself.
    """
    try:
        count = count_of(path)
    except (OSError, ValueError):
        return [path]
    return [path, *(Slice(path, place) for place in spread_over(count))]


def spread_over(count: int) -> list[int]:
    """Places of the slices that stand for a volume of so many, besides its middle one."""
    margin = round(count * (1 - _INNER) / 2)
    inner = [place for place in range(margin, count - margin) if place != count // 2]
    number = min(MOST_SLICES - 1, len(inner))
    return [inner[(2 * i + 1) * len(inner) // (2 * number)] for i in range(number)]


def owner_of(path: Path) -> str | None:
    """Whose a DICOM file is, as a digest that means nothing outside this process; None where none can be told."""
    if not is_dicom_file(path):
        return None
    try:
        with path.open("rb") as file:
            named = _dicom.owner(file)
    except (OSError, ValueError):
        return None
    return None if named is None else digest(_key(), named)


@functools.cache
def _key() -> bytes:
    return secrets.token_bytes(32)


def count_of(path: Path) -> int:
    """How many slices, or frames, a file holds.

    Raises
    ------
    ValueError : it cannot be read.
    """
    count = told_by_content(path, _dicom.frames, _nifti.slices)
    return 1 if count is None else count


def told_by_content(
    path: Path, by_dicom: Callable[[BinaryIO], Told], by_nifti: Callable[[Path], Told]
) -> Told | None:
    """What one of two functions says of a medical file, by the kind of its content; None where that is neither.

    Raises
    ------
    ValueError : as the function that is asked. OSError : there is no file.
    """
    with path.open("rb") as file:
        start = file.read(_START)
        file.seek(0)
        if _dicom.is_dicom(start):
            return by_dicom(file)
    return by_nifti(path) if _nifti.is_nifti(start) else None
