"""Volumes read as short stacks: the files of a DICOM series in order, one file of several frames, or a NIfTI file."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import PIL.Image

from headstart.core.files import digest
from headstart.core.slices import SliceStack
from headstart.data.modalities import _dicom, _nifti
from headstart.data.modalities._scans import DICOM, count_of, spread_over
from headstart.data.modalities._series import SeriesPlace, series_place


@dataclass(frozen=True)
class Volume:
    """One volume, of which a few neighbouring slices are shown.

    Attributes
    ----------
    paths : the files of a series in the order of their slices, or one file that holds them all.
    shown : how many slices are the channels of its picture; odd.
    place : of the middle one among the slices; None for the middle of the volume.
    """

    paths: tuple[Path, ...]
    shown: int
    place: int | None = None

    def fingerprint(self) -> str:
        """A digest of what is shown, and of nothing else of a series; of one file, all of it with the place."""
        if len(self.paths) == 1:
            return digest(self.paths[0].read_bytes(), str(self.place), str(self.shown))
        return digest(*(self.paths[place].read_bytes() for place in _places(self, len(self.paths))))

    def bytes(self) -> int:
        """What all its files take on the disk."""
        return sum(path.stat().st_size for path in self.paths)


class Member(NamedTuple):
    """One input that is made of the references at ``rows``, in this order."""

    reference: Volume
    rows: list[int]


def volumes_of(paths: Sequence[tuple[int, Path]], shown: int) -> list[Member]:
    """The volumes in medical files, each with its row: the files of one DICOM series in one folder are one.

    A file of several frames and a NIfTI file are volumes themselves, and so is what cannot be read.
    """
    series: dict[tuple[str, ...], list[tuple[SeriesPlace, int, Path]]] = defaultdict(list)
    alone = []
    for row, path in paths:
        place = _series_place(path)
        if place is None or place.frames > 1 or not place.series:
            alone.append(Member(Volume((path,), shown), [row]))
        else:
            series[str(path.parent), place.series].append((place, row, path))
    together = [_in_order(found, shown) for found in series.values()]
    return sorted([*alone, *together], key=lambda member: min(member.rows))


def decoded_volume(volume: Volume, most_pixels: int) -> SliceStack:
    """The slices that are shown; at an end of the volume its last slice stands for those beyond.

    Raises
    ------
    ValueError : they cannot be decoded, with a person's sentence.
    """
    first = volume.paths[0]
    places = _places(volume, _count(volume))
    if not _is_dicom(first):
        return SliceStack(_nifti.decoded_together(first, places))
    return SliceStack(_of_dicom(volume, places, most_pixels))


def parts_of(volume: Volume) -> list[Volume]:
    """The stacks that stand for a volume, as :func:`headstart.data.modalities._scans.slices_of` chooses them."""
    try:
        count = _count(volume)
    except (OSError, ValueError):
        return [volume]
    return [volume, *(replace(volume, place=place) for place in spread_over(count))]


def _in_order(found: list[tuple[SeriesPlace, int, Path]], shown: int) -> Member:
    """By position where all have one, then by number where all have one, then by name."""
    placed = all(place.position is not None for place, _, _ in found)
    numbered = all(place.number is not None for place, _, _ in found)

    def key(each: tuple[SeriesPlace, int, Path]) -> tuple[float, int, str]:
        place, _, path = each
        return (place.position or 0.0) if placed else 0.0, (place.number or 0) if numbered else 0, path.name

    ordered = sorted(found, key=key)
    return Member(Volume(tuple(path for _, _, path in ordered), shown), [row for _, row, _ in ordered])


def _series_place(path: Path) -> SeriesPlace | None:
    if not path.name.lower().endswith(tuple(DICOM)):
        return None
    try:
        with path.open("rb") as file:
            return series_place(file)
    except (OSError, ValueError):  # looking at it says what is wrong
        return None


def _count(volume: Volume) -> int:
    return len(volume.paths) if len(volume.paths) > 1 else count_of(volume.paths[0])


def _places(volume: Volume, count: int) -> list[int]:
    middle = count // 2 if volume.place is None else volume.place
    half = volume.shown // 2
    return [min(max(place, 0), count - 1) for place in range(middle - half, middle + half + 1)]


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        return _dicom.is_dicom(file.read(1024))


def _of_dicom(volume: Volume, places: Sequence[int], most_pixels: int) -> list[PIL.Image.Image]:
    several = len(volume.paths) > 1
    with contextlib.ExitStack() as files:
        slices = [
            (files.enter_context(volume.paths[place if several else 0].open("rb")), 0 if several else place)
            for place in places
        ]
        return _dicom.decoded_together(slices, most_pixels)
