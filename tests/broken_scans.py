"""Broken masks in medical files, label volumes and DICOM, as :mod:`broken_masks` has them of pictures."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import scans
from broken_files import Broken, Change
from broken_masks import as_format, edited, filled, gone, linked_to_nothing
from masked_pictures import picture

SIDES = (14, 10, 5)
AFFINE = np.diag([1.0, 1.0, 3.0, 1.0])
LABELS = np.zeros(SIDES, np.uint8)
LABELS[1:4, 5:8, 2:4] = 1
LABELS[1, 5, 2:4] = 2
GREYS = (np.random.default_rng(0).integers(0, 100, SIDES) + 150 * (LABELS > 0)).astype(np.int16)
A, B = "masks/a.nii.gz", "masks/b.nii.gz"


def _volumes(root: Path) -> Path:
    for name in "ab":
        scans.write_nifti(root / "images" / f"{name}.nii.gz", GREYS, affine=AFFINE)
        scans.write_nifti(root / "masks" / f"{name}.nii.gz", LABELS, affine=AFFINE)
    (root / "classes.txt").write_text("ground\nliver\ntumour\n")
    return root


def volume(values: np.ndarray, affine: Any = AFFINE) -> Change:
    """Writes another label volume."""
    return lambda root: scans.write_nifti(root / A, values, affine=affine)


def more(place: str, values: np.ndarray) -> Change:
    """Writes one more file: a volume (X, Y, Z), or a DICOM file (H, W)."""
    write = scans.write_nifti if values.ndim == 3 else scans.write_dicom
    return lambda root: write(root / place, values)


def unpacked(change: Callable[[bytes], bytes]) -> Change:
    """Changes the bytes of a volume below its packing."""
    return edited(A, lambda content: gzip.compress(change(gzip.decompress(content))))


def at(place: int, content: bytes) -> Callable[[bytes], bytes]:
    """Other bytes at a place of a header."""
    return lambda whole: whole[:place] + content + whole[place + len(content) :]


def voxel(value: Any, kind: Any = LABELS.dtype) -> np.ndarray:
    """The labels with one voxel of another value, in the slice that is shown."""
    own = LABELS.astype(kind)
    own[0, 0, 2] = value
    return own


STRANGE = f"{A}: its content is neither DICOM nor NIfTI"
ELSEWHERE = f"{A}: its header puts the voxels of the mask elsewhere"
LABEL_VOLUMES: dict[str, tuple[Change, str]] = {
    "none": (gone(A), "images/a.nii.gz: this picture has no mask"),
    "of no picture": (more("masks/z.nii.gz", LABELS), "masks/z.nii.gz: this mask has no"),
    "a picture without": (more("images/z.nii.gz", GREYS), "images/z.nii.gz: this picture"),
    "packed and not": (more("masks/a.nii", LABELS), f"{A}: its name is that of a.nii but"),
    "fewer slices": (volume(LABELS[..., 1:4]), f"{A}: the mask has 14×10×3 voxels and its picture 14×10×5"),
    "narrower": (volume(LABELS[:-2]), f"{A}: the mask has 12×10×5 voxels and its picture 14×10×5"),
    "larger": (volume(LABELS.repeat(2, 0).repeat(2, 1)), f"{A}: the mask has 28×20×5 voxels"),
    "sides exchanged": (volume(LABELS.transpose(1, 0, 2)), f"{A}: the mask has 10×14×5 voxels"),
    "mirrored": (volume(LABELS, np.diag([-1.0, -1.0, 3.0, 1.0])), ELSEWHERE),
    "of other spacing": (volume(LABELS, np.diag([2.0, 1.0, 3.0, 1.0])), ELSEWHERE),
    "one slice": (volume(LABELS[..., 2]), f"{A}: a NIfTI file of shape 14×10 is no volume"),
    "in time": (volume(np.stack([LABELS] * 2, axis=3)), f"{A}: it holds 2 volumes"),
    "fractions": (volume(LABELS / 2), f"{A}: its pixels hold 0.5, and those of a mask are whole"),
    "NaN": (volume(voxel(np.nan, np.float32)), f"{A}: its pixels hold nan"),
    "infinite": (volume(voxel(np.inf, np.float32)), f"{A}: its pixels hold inf"),
    "below 0": (volume(voxel(-4, np.int16)), f"{A}: its pixels hold the number -4"),
    "above 255": (volume(voxel(1000, np.int16)), f"{A}: its pixels run to 1000"),
    "of no class": (volume(voxel(7)), f"{A}: 1 pixels are of no class of the class file, e.g. the value 7"),
    "complex": (volume(LABELS.astype(np.complex64)), f"{A}: NIfTI values of type complex64"),
    "empty": (filled(A, b""), STRANGE),
    "text": (filled(A, b"no volume"), STRANGE),
    "a pointer": (filled(A, b"version https://git-lfs.github.com/spec/v1\n"), STRANGE),
    "a picture": (filled(A, as_format("PNG", LABELS[..., 2])), STRANGE),
    "packed text": (filled(A, gzip.compress(b"no volume")), STRANGE),
    "packed nothing": (filled(A, gzip.compress(b"")), STRANGE),
    "header alone": (unpacked(lambda content: content[:352]), f"{A}: "),
    "cut below its packing": (unpacked(lambda content: content[:-100]), f"{A}: "),
    "cut short": (edited(A, lambda content: content[:-20]), f"{A}: the file is damaged or cut short"),
    "damaged packing": (edited(A, lambda content: content[:-8] + bytes(8)), f"{A}: the file is damaged or cut short"),
    "no mark": (unpacked(at(344, b"none")), STRANGE),
    "an unknown type": (unpacked(at(70, b"\x63\x00")), f"{A}: "),
    "no sides": (unpacked(at(40, bytes(16))), f"{A}: "),
    "sides below 0": (unpacked(at(42, b"\xf0\xff")), f"{A}: "),
    "enormous": (unpacked(at(42, b"\xff\x7f" * 3)), f"{A}: "),
    "a link to nothing": (linked_to_nothing(A), f"{A}: the mask cannot be read (No such file"),
    "of a photo": (
        lambda root: (gone("images/a.nii.gz")(root), picture(root / "images/a.png", (14, 10))), f"{A}: it is a volume"
    ),
    "a list names none": (lambda root: (root / "train.txt").write_text("a\nb\nz\n"), "train.txt line 3: there is no"),
}  # fmt: skip


C = "masks/a.dcm"
SLICE = np.ascontiguousarray(LABELS[..., 2].T)


def _dicom(root: Path) -> Path:
    for name in "ab":
        scans.write_dicom(root / "images" / f"{name}.dcm", np.ascontiguousarray(GREYS[..., 2].T.astype(np.uint16)))
        scans.write_dicom(root / "masks" / f"{name}.dcm", SLICE)
    (root / "classes.txt").write_text("ground\nliver\ntumour\n")
    return root


def frame(pixels: np.ndarray, **tags: Any) -> Change:
    """Writes another DICOM mask."""
    return lambda root: scans.write_dicom(root / C, np.ascontiguousarray(pixels), **tags)


def dot(value: int, kind: Any = np.uint8) -> np.ndarray:
    """The mask with one pixel of another value."""
    own = SLICE.astype(kind)
    own[0, 0] = value
    return own


NO_DICOM = f"{C}: its content is neither DICOM nor NIfTI"
COLOURED = np.dstack([SLICE * 9, SLICE * 0, SLICE])
PLAIN, RUNS = b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0"
"""How pixels are stored: as they are, or as run lengths."""

DICOM_MASKS: dict[str, tuple[Change, str]] = {
    "none": (gone(C), "images/a.dcm: this picture has no mask"),
    "of no picture": (more("masks/z.dcm", SLICE), "masks/z.dcm: this mask has no picture"),
    "a picture without": (more("images/z.dcm", SLICE), "images/z.dcm: this picture has no"),
    "two endings": (more("masks/a.dicom", SLICE), "masks/a.dicom: its name is that of a.dcm"),
    "narrower": (frame(SLICE[:, :-1]), f"{C}: the mask has 13×10 pixels and its picture 14×10"),
    "lower": (frame(SLICE[:-1]), f"{C}: the mask has 14×9 pixels and its picture 14×10"),
    "larger": (frame(SLICE.repeat(2, 0).repeat(2, 1)), f"{C}: the mask has 28×20 pixels"),
    "turned": (frame(SLICE.T), f"{C}: the mask has 10×14 pixels and its picture 14×10"),
    "frames": (frame(np.stack([SLICE] * 3), NumberOfFrames=3), f"{C}: the mask has 3 frames and its picture 1"),
    "a segmentation object": (frame(SLICE, SOPClassUID="1.2.840.10008.5.1.4.1.1.66.4"), f"{C}: a DICOM segmentation"),
    "of no class": (frame(dot(7)), f"{C}: 1 pixels are of no class of the class file, e.g. the value 7"),
    "the largest": (frame(dot(254)), f"{C}: 1 pixels are of no class"),
    "16 bits": (frame(dot(300, np.uint16)), f"{C}: its pixels run to 300"),
    "below 0": (frame(dot(-3, np.int16)), f"{C}: its pixels hold the number -3"),
    "scaled to be seen": (frame(SLICE * 100), f"{C}: 9 pixels are of no class"),
    "colours": (frame(COLOURED), "classes.txt: masks are coloured, and it gives no colour for ground"),
    "colours of 16 bits": (frame(COLOURED.astype(np.uint16)), f"{C}: its pixels are colours of more than 8 bits"),
    "empty": (filled(C, b""), NO_DICOM),
    "zeros": (filled(C, bytes(400)), NO_DICOM),
    "text": (filled(C, b"no picture"), NO_DICOM),
    "a page": (filled(C, b"<html><body>404 Not Found</body></html>"), NO_DICOM),
    "a picture": (filled(C, as_format("PNG", SLICE)), NO_DICOM),
    "mark alone": (edited(C, lambda content: content[:132]), f"{C}: the DICOM file"),
    "header alone": (edited(C, lambda content: content[:300]), f"{C}: the DICOM file"),
    "cut short": (edited(C, lambda content: content[:-20]), f"{C}: the DICOM file is damaged or cut short"),
    "no mark": (edited(C, at(128, b"NONE")), NO_DICOM),
    "noise behind the mark": (edited(C, lambda content: content[:132] + b"\xff" * 200), f"{C}: the DICOM file"),
    "compressed as it is not": (edited(C, lambda content: content.replace(PLAIN, RUNS)), f"{C}: the DICOM file"),
    "more rows than pixels": (frame(SLICE, Rows=99), f"{C}: the DICOM file is damaged or cut short"),
    "enormous": (frame(SLICE, Rows=60_000, Columns=60_000), f"{C}: the DICOM file claims 60000×60000 pixels"),
    "a link to nothing": (linked_to_nothing(C), f"{C}: the mask cannot be read (No such file"),
    "a list names none": (lambda root: (root / "train.txt").write_text("a\nb\nz\n"), "train.txt line 3: there is no"),
}  # fmt: skip

FORMATS = {
    "NIfTI label volumes": Broken(_volumes, LABEL_VOLUMES),
    "DICOM masks": Broken(_dicom, DICOM_MASKS),
}
