"""Where a DICOM file belongs: its series, and its place among the slices of that."""

from __future__ import annotations

from typing import Any, BinaryIO, NamedTuple

import numpy as np

from headstart.data.modalities._dicom import as_stored, frames_of, header_of

_ORDER = ["ImagePositionPatient", "ImageOrientationPatient", "InstanceNumber", "NumberOfFrames"]
_TIMES = ("TemporalPositionIdentifier", "AcquisitionNumber", "EchoNumbers", "TriggerTime", "AcquisitionTime")
"""What tells the volumes of one series from each other, the surest first."""


class SeriesPlace(NamedTuple):
    """Where a file belongs.

    Attributes
    ----------
    series : the identifier of its series; empty where it has none. instance : that of its picture; empty likewise.
    position : of its slice across the series, in millimetres; None where the file does not say.
    number : of the instance; None where there is none.
    frames : how many pictures it holds.
    times : at which time point it was acquired, by each of several elements; empty where the file does not say.
    """

    series: str
    instance: str
    position: float | None
    number: int | None
    frames: int
    times: tuple[str, ...]


def series_place(file: BinaryIO) -> SeriesPlace:
    """To which series the file belongs, and where in it.

    Raises
    ------
    ValueError : it cannot be read.
    """
    header = header_of(file, ["SeriesInstanceUID", "SOPInstanceUID", *_ORDER, *_TIMES], pixels=False)
    series, instance = as_stored(header, "SeriesInstanceUID"), as_stored(header, "SOPInstanceUID")
    number = _numbers(header, "InstanceNumber", 1)
    times = tuple(as_stored(header, name) for name in _TIMES)
    return SeriesPlace(
        series, instance, _position(header), int(number[0]) if number else None, frames_of(header), times
    )


def _position(header: Any) -> float | None:
    """How far the slice lies along the normal of its plane, in millimetres."""
    corner, sides = _numbers(header, "ImagePositionPatient", 3), _numbers(header, "ImageOrientationPatient", 6)
    if not corner or not sides:
        return None
    return float(np.dot(np.cross(sides[:3], sides[3:]), corner))


def _numbers(header: Any, name: str, count: int) -> list[float]:
    """The `count` numbers of an element; none where it is missing or says something else."""
    try:
        found = [float(part) for part in as_stored(header, name).strip("[] ").replace(",", "\\").split("\\")]
    except ValueError:
        return []
    return found if len(found) == count and np.isfinite(found).all() else []
