"""Volumes read as short stacks: the files of a DICOM series in order, one file of several frames, or a NIfTI file."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import PIL.Image

from headstart.core.files import digest
from headstart.core.slices import SliceStack
from headstart.data.modalities import _dicom, _nifti
from headstart.data.modalities._scans import count_of, is_dicom_file, spread_over
from headstart.data.modalities._series import SeriesPlace, series_place
from headstart.data.modalities.base import Clash

MICROMETRES = 3
"""Digits of a millimetre in which two positions differ."""


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


class Found(NamedTuple):
    """A file of a series, its row, and where in the series it belongs."""

    place: SeriesPlace
    row: int
    path: Path


class Member(NamedTuple):
    """One input that is made of the references at ``rows``, in this order.

    ``clashes`` holds pairs of rows whose slices cannot both be in it, and whether they are the same slice.
    """

    reference: Volume
    rows: list[int]
    clashes: tuple[Clash, ...] = ()


def volumes_of(paths: Sequence[tuple[int, Path]], shown: int) -> list[Member]:
    """The volumes in medical files, each with its row: the files of one DICOM series in one folder are one.

    A file of several frames and a NIfTI file are volumes themselves, and so is what cannot be read. Several time
    points of one series are a volume each.
    """
    series: dict[tuple[str, ...], list[Found]] = defaultdict(list)
    alone = []
    for row, path in paths:
        place = _series_place(path)
        if place is None or place.frames > 1 or not place.series:
            alone.append(Member(Volume((path,), shown), [row]))
        else:
            series[str(path.parent), place.series].append(Found(place, row, path))
    together = [_in_order(part, shown) for found in series.values() for part in _time_points(found)]
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


def _time_points(found: list[Found]) -> list[list[Found]]:
    """The files of a series, divided by what tells its time points apart where places occur more than once.

    Undivided where no place does, or nothing that all files say makes the places of each part differ.
    """
    if not _clashes(found):
        return [found]
    for which in range(len(found[0].place.times)):
        parts: dict[str, list[Found]] = defaultdict(list)
        for each in found:
            parts[each.place.times[which]].append(each)
        if "" not in parts and not any(map(_clashes, parts.values())):
            return list(parts.values())
    return [found]


def _clashes(found: list[Found]) -> tuple[Clash, ...]:
    """Pairs of rows at the same place, and whether they hold the same slice."""
    instances: dict[str, int] = {}
    places: dict[tuple[float, int, str], int] = {}
    clashes, key = [], _key_of(found)
    for each in found:
        same = instances.setdefault(each.place.instance or str(each.path), each.row)
        there = places.setdefault(key(each), each.row)
        if same != each.row:
            clashes.append((same, each.row, True))
        elif there != each.row:
            clashes.append((there, each.row, False))
    return tuple(clashes)


def _in_order(found: list[Found], shown: int) -> Member:
    ordered = sorted(found, key=_key_of(found))
    volume = Volume(tuple(each.path for each in ordered), shown)
    return Member(volume, [each.row for each in ordered], _clashes(found))


def _key_of(found: list[Found]) -> Callable[[Found], tuple[float, int, str]]:
    """By position where all have one, else by number where all have one, else by name."""
    if all(each.place.position is not None for each in found):
        return lambda each: (round(each.place.position or 0.0, MICROMETRES), 0, "")
    if all(each.place.number is not None for each in found):
        return lambda each: (0.0, each.place.number or 0, "")
    return lambda each: (0.0, 0, each.path.name)


def _series_place(path: Path) -> SeriesPlace | None:
    if not is_dicom_file(path):
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
