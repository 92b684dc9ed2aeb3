"""Medical files whose voxels or pixels are classes or numbers of objects: their values at the slice that is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from headstart.data.modalities import _dicom, _nifti
from headstart.data.modalities._image_files import MOST_PIXELS
from headstart.data.modalities._scans import count_of, is_scan, told_by_content

_SEGMENTS = "1.2.840.10008.5.1.4.1.1.66.4"
"""DICOM files with a frame for each segment and slice, not for each slice."""

_SLACK = 0.05
"""Share of a voxel by which the steps of two volumes may differ: programs round them."""


def labels_of(path: Path) -> np.ndarray:
    """What is stored, neither windowed nor scaled, in the middle slice or frame: (H, W), or (H, W, 3) of colours.

    The slice is turned as that of a picture is.

    Raises
    ------
    ValueError : it cannot be read, with a person's sentence.
    """
    try:
        found = told_by_content(path, _frame, _nifti.labels)
    except OSError as error:
        raise ValueError(f"the mask cannot be read ({error.strerror})") from error
    if found is None:
        raise ValueError("its content is neither DICOM nor NIfTI, as its name says")
    return found


def unlike(picture: Path, mask: Path) -> tuple[str, str] | None:
    """Why the slices of `mask`, a medical file, are not those of its picture, and what to do; None where they are.

    What is said of a picture that cannot be read is said elsewhere.

    Raises
    ------
    ValueError : the mask cannot be read.
    """
    voxels = told_by_content(mask, lambda _: None, _nifti.grid)
    try:
        if voxels is None:
            frames = count_of(mask), count_of(picture)
            return None if frames[0] in (1, frames[1]) else _other_frames(*frames)
        own = told_by_content(picture, lambda _: None, _nifti.grid) if is_scan(picture) else None
    except (OSError, ValueError):
        return None
    if own is None:
        return "it is a volume, and its picture is none", "write the mask of that picture alone, as PNG say"
    if voxels.sides != own.sides:
        what = f"the mask has {_sides(voxels)} voxels and its picture {_sides(own)}"
        return what, "write it in the grid of the picture's volume"
    if not _agree(voxels, own):
        what = "its header puts the voxels of the mask elsewhere than that of the picture puts the picture's"
        return what, "write both with one affine"
    return None


def _agree(one: _nifti.Grid, other: _nifti.Grid) -> bool:
    """Whether voxels of one place in both arrays lie at one place in the body.

    Some programs forget the origin, which does not matter where both files run through the body alike.
    """
    least = np.linalg.norm(other.steps, axis=0).min()
    if np.abs(one.steps - other.steps).max() > _SLACK * least:
        return False
    return one.stored == other.stored or bool(np.abs(one.origin - other.origin).max() <= least / 2)


def _other_frames(masked: int, shown: int) -> tuple[str, str]:
    return f"the mask has {masked} frames and its picture {shown}", "write as many, or the middle one alone"


def _sides(grid: _nifti.Grid) -> str:
    return "×".join(map(str, grid.sides))


def _frame(file: Any) -> np.ndarray:
    values, header = _dicom.stored_frame(file, None, MOST_PIXELS)
    if header.get("SOPClassUID") == _SEGMENTS:
        raise ValueError(
            "a DICOM segmentation object (SEG) has a frame for each segment, which is not read; save a mask with the "
            "class of each pixel, as PNG, NIfTI or plain DICOM"
        )
    if values.ndim == 3 and values.dtype != np.uint8:
        raise ValueError("its pixels are colours of more than 8 bits, where those of a mask are classes")
    return values
