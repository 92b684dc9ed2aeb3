"""NIfTI volumes: one slice, or a short stack of three neighbours as three channels, turned as a reader expects it."""

from __future__ import annotations

import contextlib
import functools
import gzip
import io
import threading
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import PIL.Image

from headstart.core.optional import require
from headstart.data.modalities._window import percentile_range, scaled

EXTRA = "medical"
_PURPOSE = "Reading NIfTI files"
_GZIP = b"\x1f\x8b"
_HEADERS = {348: (344, (b"n+1\0", b"ni1\0")), 540: (4, (b"n+2\0", b"ni2\0"))}
"""Size of the header, the first number of a file → where its mark stands, and which it may be."""

MOST_BYTES = 2**32
"""Volumes that take more in memory are refused."""

_HEAD = 2**22
"""Bytes in which a header lies, with what programs write behind it."""

_ONE_AT_A_TIME = threading.Lock()
"""Several threads that ask for slices of one volume wait for the first to read it."""


class Grid(NamedTuple):
    """How the voxels of a volume lie, turned as :func:`decoded` turns it, slices along the last side.

    Attributes
    ----------
    sides : (X, Y, Z) voxels. steps : (3, 3) millimetres, a column for one voxel along each side.
    origin : (3,) millimetres, where the first voxel lies. stored : where the sides run to as the file has them.
    volumes : how many there are of them, in a series in time for example.
    """

    sides: tuple[int, int, int]
    steps: np.ndarray
    origin: np.ndarray
    stored: tuple[str, ...]
    volumes: int


def is_nifti(start: bytes) -> bool:
    """Whether a file that begins so (544 bytes) is NIfTI, packed with gzip or not."""
    if start[:2] == _GZIP:
        try:
            start = zlib.decompressobj(wbits=31).decompress(start, 544)
        except zlib.error:
            return False
    sizes = {int.from_bytes(start[:4], order) for order in ("little", "big")}
    return any(start[at : at + 4] in marks for size in sizes & _HEADERS.keys() for at, marks in [_HEADERS[size]])


def slices(path: Path) -> int:
    """How many slices the volume in a file has, across its thickest side.

    Raises
    ------
    ValueError : it cannot be read.
    """
    return _of_file(path).shape[2]


def size(path: Path) -> tuple[int, int]:
    """(width, height) of the slices of the volume in a file, turned as :func:`decoded` turns them; of its header.

    Raises
    ------
    ValueError : it cannot be read.
    """
    return grid(path).sides[:2]


def grid(path: Path) -> Grid:
    """How the voxels of the volume in a file lie, by its header alone.

    Raises
    ------
    ValueError : it cannot be read.
    """
    nibabel = require("nibabel", EXTRA, _PURPOSE)
    with path.open("rb") as file, _damage_as_sentence():
        image = _image(nibabel, _unpacked(file, _HEAD))
        _refuse(image)
        hollow = type(image)(np.broadcast_to(np.uint8(0), image.shape), image.affine, image.header)
        turned, thickest = _turned(nibabel, hollow)
        order = _last(thickest)
        first, second, third = (turned.shape[side] for side in order)
        steps, origin = turned.affine[:3, list(order)], turned.affine[:3, 3]
        stored = nibabel.aff2axcodes(image.affine)
        return Grid((first, second, third), steps, origin, stored, int(np.prod(image.shape[3:])))


def decoded(file: BinaryIO | Path, place: int | None) -> PIL.Image.Image:
    """The slice at `place` (the middle one for None) and the two beside it, as the channels of an RGB picture.

    A volume of one slice is a grey picture.

    Raises
    ------
    ValueError : it is no volume, is damaged or cut short, or too large.
    """
    volume = _of_file(file) if isinstance(file, Path) else _read(file)
    count = volume.shape[2]
    middle = count // 2 if place is None else place
    if count == 1:
        return PIL.Image.fromarray(np.ascontiguousarray(np.rot90(volume[:, :, 0])))
    around = [min(max(middle + step, 0), count - 1) for step in (-1, 0, 1)]
    return PIL.Image.fromarray(np.ascontiguousarray(np.rot90(volume[:, :, around])))


def decoded_together(path: Path, places: Sequence[int]) -> list[PIL.Image.Image]:
    """The slices at `places`, each a grey picture of 8 bits.

    Raises
    ------
    ValueError : as :func:`decoded`.
    """
    volume = _of_file(path)
    return [PIL.Image.fromarray(np.ascontiguousarray(np.rot90(volume[:, :, place]))) for place in places]


def labels(path: Path) -> np.ndarray:
    """(H, W) values as they are stored in the middle slice, turned as :func:`decoded` turns it.

    Raises
    ------
    ValueError : as :func:`decoded`; or there are several volumes.
    """
    if (count := grid(path).volumes) > 1:
        raise ValueError(f"it holds {count} volumes, where a mask is one whose voxels are classes")
    with path.open("rb") as file:
        values = _values(file)
    return np.ascontiguousarray(np.rot90(values[:, :, values.shape[2] // 2]))


def _of_file(path: Path) -> np.ndarray:
    stat = path.stat()
    with _ONE_AT_A_TIME:
        return _remembered(path, stat.st_mtime_ns, stat.st_size)


@functools.lru_cache(maxsize=1)
def _remembered(path: Path, changed: int, size: int) -> np.ndarray:
    with path.open("rb") as file:
        return _read(file)


def _read(file: BinaryIO) -> np.ndarray:
    """(X, Y, Z) uint8: the volume between two percentiles of its values; slices lie along the last side."""
    values = _values(file)
    return scaled(values, *percentile_range(values)).round().astype(np.uint8)


def _values(file: BinaryIO) -> np.ndarray:
    """(X, Y, Z) as they are stored; slices lie along the last side."""
    nibabel = require("nibabel", EXTRA, _PURPOSE)
    with _damage_as_sentence():
        image = _image(nibabel, _unpacked(file))
        _refuse(image)
        turned, thickest = _turned(nibabel, image)
        values = np.asanyarray(turned.dataobj)
    while values.ndim > 3:  # of a series in time, the first volume
        values = values[..., 0]
    return np.moveaxis(values, thickest, 2)


@contextlib.contextmanager
def _damage_as_sentence() -> Iterator[None]:
    try:
        yield
    except (ValueError, MemoryError):
        raise
    except Exception as error:  # a damaged volume raises nearly anything
        raise ValueError(f"the NIfTI file is damaged or cut short ({type(error).__name__})") from error


def _turned(nibabel: Any, image: Any) -> tuple[Any, int]:
    """The image turned as a reader expects it, and which of its sides is the thickest."""
    turned = nibabel.as_closest_canonical(image)
    spacing = [float(side) for side in turned.header.get_zooms()[:3]]
    return turned, max(range(3), key=lambda side: (round(spacing[side], 3), side))


def _last(side: int) -> tuple[int, ...]:
    """The three sides, this one last."""
    return (*(other for other in range(3) if other != side), side)


def _image(nibabel: Any, content: bytes) -> Any:
    kind = nibabel.Nifti2Image if content[:4] in ((540).to_bytes(4, order) for order in ("little", "big")) else None
    return (kind or nibabel.Nifti1Image).from_stream(io.BytesIO(content))


def _unpacked(file: BinaryIO, most: int | None = None) -> bytes:
    """The content of a file; of one that is only looked into, at most so many bytes."""
    start = file.read(2)
    file.seek(0)
    if start != _GZIP:
        return file.read(-1 if most is None else most)
    try:
        with gzip.GzipFile(fileobj=file) as packed:
            content = packed.read(most or MOST_BYTES + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"the file is damaged or cut short ({error})") from error
    if len(content) > MOST_BYTES:
        raise ValueError(
            f"the volume takes more than {MOST_BYTES / 1e9:.0f} GB; the file may be a decompression bomb"
        )
    return content


def _refuse(image: Any) -> None:
    """Raise ValueError where this is no volume of plain numbers."""
    shape, kind = image.shape, image.get_data_dtype()
    if len(shape) < 3 or min(shape) < 1:
        sides = "×".join(str(side) for side in shape)
        raise ValueError(f"a NIfTI file of shape {sides or 'nothing'} is no volume; three sides are needed")
    if kind.kind not in "iuf":
        raise ValueError(f"NIfTI values of type {kind} are not known; allowed are integers and floats")
    if np.prod([float(side) for side in shape]) * 8 > MOST_BYTES:
        raise ValueError(f"the volume takes more than {MOST_BYTES / 1e9:.0f} GB in memory")
