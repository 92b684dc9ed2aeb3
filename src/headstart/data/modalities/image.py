"""Images: files, PIL images or arrays, decoded upright, in RGB or in one channel of full depth."""

from __future__ import annotations

import base64
import html
import io
import math
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any, NamedTuple

import numpy as np
import PIL.Image
from PIL.JpegImagePlugin import JpegImageFile

from headstart.core.files import digest
from headstart.core.paths import expanded, legible
from headstart.core.shallow import picture_features
from headstart.core.slices import SliceStack, shown
from headstart.data.modalities._image_files import (
    MOST_PIXELS,
    file_of,
    load_pixels,
    opened,
    orientation,
    upright,
    upright_size,
)
from headstart.data.modalities._likeness import LIKENESS, LOOKED, appearance, likeness, small_copy
from headstart.data.modalities._of_medicine import caution_of_names
from headstart.data.modalities._pixels import array_to_picture, eight_bit_rgb, to_picture
from headstart.data.modalities._scans import (
    CAUTION,
    DICOM,
    MARKED,
    NIFTI,
    Slice,
    decoded_scan,
    is_marked,
    is_scan,
    owner_of,
    slices_of,
)
from headstart.data.modalities._volumes import Volume, decoded_volume, parts_of, volumes_of
from headstart.data.modalities.base import UNREADABLE, Clash, Look, Modality

_THUMBNAIL, _QUALITY = 160, 80
_IMAGE_DIMENSIONS = (2, 3)
_SCANS = Slice | Volume
_JPEG, _REDUCTIONS = JpegImageFile.format, (1, 2, 4, 8)


class Image(Modality):
    """References are paths, PIL images, arrays (height × width [× channels]) or the bytes of an image file.

    Anything with ``read_bytes()`` serves as a file too: an image inside a table or a data set. Of a medical file with
    several slices the middle one is decoded; :meth:`parts` gives the others.
    """

    noun = "images"
    suffixes = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}) | DICOM | NIFTI
    perhaps = MARKED
    looked_by = f"Pillow {PIL.__version__}, at most {MOST_PIXELS} pixels, full depth, {LIKENESS}"
    shown_by = f"Pillow {PIL.__version__}, {_THUMBNAIL} pixels, quality {_QUALITY}"

    def recognises(self, references: Sequence[Any]) -> bool:
        """True when nine in ten look like images: arrays and PIL images, or files by their ending or mark."""
        return len(references) > 0 and sum(map(self._looks_right, references)) >= 0.9 * len(references)

    def _looks_right(self, reference: Any) -> bool:
        if isinstance(reference, str | Path):
            return PurePath(reference).suffix.lower() in self.suffixes or is_scan(reference)
        if isinstance(reference, np.ndarray):
            return reference.ndim in _IMAGE_DIMENSIONS
        return isinstance(reference, bytes | PIL.Image.Image | Volume) or hasattr(reference, "read_bytes")

    def holds(self, path: Path) -> bool:
        """Whether it has the mark of DICOM: files from an archive or a disc mostly have no ending."""
        return is_marked(path)

    def decode(self, reference: Any, size_hint: int | None = None) -> PIL.Image.Image | SliceStack:
        """Upright, in ``RGB``, or grey: ``L`` of 8 bits, ``F`` (floats from 0 to 255) of more; or a stack of those.

        A JPEG whose shorter side is at least twice `size_hint` is decoded reduced.
        """
        if isinstance(reference, np.ndarray):
            return array_to_picture(reference)
        if isinstance(reference, PIL.Image.Image):
            load_pixels(reference)
            return to_picture(upright(reference))
        if reference is None:
            raise ValueError("the image is missing")
        if not _holds_file(reference):
            raise ValueError(f"{type(reference).__name__} is no image; allowed are paths, PIL images and arrays")
        return _read(reference, size_hint).picture

    def read(self, reference: Any) -> Any:
        """The bytes of a file; an array and a PIL image as they are, and a slice, which is told by its place too."""
        if isinstance(reference, bytes | Slice | Volume) or not _holds_file(reference):
            return reference
        return (Path(reference) if isinstance(reference, str) else reference).read_bytes()

    def fingerprint(self, reference: Any) -> str:
        if isinstance(reference, np.ndarray):
            return digest(str(reference.dtype), str(reference.shape), np.ascontiguousarray(reference).tobytes())
        if isinstance(reference, PIL.Image.Image):
            return _of_pixels(reference)
        if isinstance(reference, Volume):
            return reference.fingerprint()
        if isinstance(reference, Slice):
            return digest(reference.read_bytes(), str(reference.place))
        return digest(self.read(reference))

    def look(self, reference: Any) -> Look:
        """Width and height in pixels, bytes of the file (NaN without one), and what a small copy looks like.

        Every pixel is read, of a JPEG reduced, for only that finds a file cut short.
        """
        return self.look_and_decode(reference, LOOKED)[0]

    def look_and_decode(self, reference: Any, size_hint: int | None = None) -> tuple[Look, Any]:
        """As one after the other; a file is decoded twice where a JPEG is reduced by more for one of them."""
        if not _holds_file(reference):
            picture = self.decode(reference)
            return _look(_Decoded(picture, picture.size), math.nan), picture
        content = reference if isinstance(reference, str | Path | bytes | _SCANS) else self.read(reference)
        decoded = _read(content, LOOKED)
        look = _look(decoded, _bytes(content))
        if decoded.reduced_by in (None, _reduction(decoded.size, size_hint)):
            return look, decoded.picture
        return look, self.decode(content, size_hint)

    def show(self, reference: Any) -> str:
        """A thumbnail of at most 160 pixels, inside the page itself."""
        alt = html.escape(self._name(reference), quote=True)
        try:
            picture = eight_bit_rgb(shown(self.decode(reference, size_hint=_THUMBNAIL))).copy()
        except ValueError as error:
            return f'<span class="{UNREADABLE}">{alt}: {html.escape(str(error))}</span>'
        picture.thumbnail((_THUMBNAIL, _THUMBNAIL))
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=_QUALITY)
        data = base64.b64encode(buffer.getvalue()).decode("ascii")
        width, height = picture.size
        return f'<img src="data:image/jpeg;base64,{data}" alt="{alt}" width="{width}" height="{height}">'

    @staticmethod
    def _name(reference: Any) -> str:
        """The last two parts of a path: the class folder and the file."""
        return legible("/".join(PurePath(reference).parts[-2:])) if isinstance(reference, str | Path) else "image"

    def size(self, reference: Any) -> str:
        width, height = self.extent(reference)
        return f"{width}×{height}"

    def extent(self, reference: Any) -> tuple[int, int]:
        if isinstance(reference, np.ndarray):
            height, width = reference.shape[:2]
            return width, height
        if isinstance(reference, PIL.Image.Image):
            return upright_size(reference)
        if (scan := _scan(reference)) is not None:
            return scan.size
        with opened(reference) as image:
            return upright_size(image)

    def parts(self, reference: Any) -> list[Any]:
        """A medical file with several slices as a few of them, the middle one first; a volume as a few stacks."""
        if isinstance(reference, Volume):
            return list(parts_of(reference))
        path = _scan_path(reference)
        return [reference] if path is None else [reference, *slices_of(path)[1:]]

    def owner(self, reference: Any) -> str | None:
        """The patient of a DICOM file, else its study or series."""
        path = _scan_path(reference)
        return None if path is None else owner_of(path)

    def caution(self, references: Sequence[Any], names: Sequence[str] = ()) -> str:
        """That a model of medical files, or of what is called like pictures of patients, is no medical device."""
        scanned = any(_scan_path(reference) for reference in references)
        return CAUTION if scanned else caution_of_names(names, references)

    def volumes(self, references: Sequence[Any], slices: int) -> list[tuple[Any, list[int], tuple[Clash, ...]]]:
        """DICOM files of one series in one folder as one input, as is each other medical file; pictures stay away."""
        paths = [(row, _scan_path(reference)) for row, reference in enumerate(references)]
        return [*volumes_of([(row, path) for row, path in paths if path is not None], slices)]

    def locate(self, value: Any, folder: Path | None) -> Any:
        """A path beside the table, absolute; the bytes of an image that a table holds as ``{"bytes", "path"}``."""
        if isinstance(value, dict) and (value.get("bytes") or value.get("path")):
            return value["bytes"] if value.get("bytes") else self.locate(value["path"], folder)
        if not isinstance(value, str | Path):
            return value
        path = Path(folder or ".", expanded(value)).absolute()
        if isinstance(value, str) and "\\" in value and not _is_file(path):
            return self.locate(value.replace("\\", "/"), folder)  # a table written on Windows
        return path


class _Decoded(NamedTuple):
    """A picture, upright; its (width, height) in full, and what a JPEG is reduced by, None where nothing can be."""

    picture: PIL.Image.Image | SliceStack
    size: tuple[int, int]
    reduced_by: int | None = None


def _read(reference: Any, size_hint: int | None) -> _Decoded:
    """The picture in a file, perhaps reduced."""
    if (scan := _scan(reference)) is not None:
        return _Decoded(scan, scan.size)
    with opened(reference) as image:
        size = upright_size(image)
        if size_hint:
            image.draft(None, (size_hint, size_hint))
        load_pixels(image)
        by = _reduction(size, size_hint) if image.format == _JPEG else None
        return _Decoded(to_picture(upright(image)), size, by)


def _reduction(size: tuple[int, int], size_hint: int | None) -> int:
    """What Pillow reduces a JPEG of this `size` by, so that no side falls below `size_hint`."""
    most = min(size) // size_hint if size_hint else 1
    return max((by for by in _REDUCTIONS if by <= most), default=1)


def _look(decoded: _Decoded, size: float) -> Look:
    """Traits, sketch and shallow features of a picture whose file has `size` bytes."""
    width, height = decoded.size
    traits = {"width": float(width), "height": float(height), "aspect": width / height, "bytes": size}
    small = eight_bit_rgb(small_copy(shown(decoded.picture)))
    return Look(traits | appearance(small), likeness(small), picture_features(small))


def _scan(reference: Any) -> PIL.Image.Image | SliceStack | None:
    """The picture of a medical file, by its content; None where it is none. A path has the ending of one."""
    if isinstance(reference, Volume):
        try:
            return decoded_volume(reference, MOST_PIXELS)
        except OSError as error:
            raise ValueError(f"a file of the volume cannot be read ({error.strerror})") from error
    place = reference.place if isinstance(reference, Slice) else None
    source = reference.path if isinstance(reference, Slice) else reference
    path = Path(source) if isinstance(source, str | Path) else None
    if path is not None and not is_scan(path):
        return None
    with file_of(source) as file:
        return decoded_scan(file, place, MOST_PIXELS, path)


def _of_pixels(picture: PIL.Image.Image) -> str:
    """A digest of what decoding reads of a picture in memory: its pixels, and how they are meant."""
    plain = picture.mode != "P" and "transparency" not in picture.info and orientation(picture) == 1
    decoded = picture if plain else to_picture(upright(picture))
    return digest(decoded.mode, str(decoded.size), decoded.tobytes())


def _bytes(content: Any) -> float:
    if isinstance(content, bytes):
        return float(len(content))
    if isinstance(content, Volume):
        return float(content.bytes())
    return float((content.path if isinstance(content, Slice) else Path(content)).stat().st_size)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a cell too long for a file name, or with a NUL in it
        return False


def _holds_file(reference: Any) -> bool:
    return isinstance(reference, str | Path | bytes | _SCANS) or hasattr(reference, "read_bytes")


def _scan_path(reference: Any) -> Path | None:
    """Where a medical file lies; None for other references."""
    if isinstance(reference, Volume):
        return reference.paths[0]
    path = reference.path if isinstance(reference, Slice) else reference
    return Path(path) if isinstance(path, str | Path) and is_scan(Path(path)) else None
