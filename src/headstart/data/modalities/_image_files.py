"""Opens image files safely: known formats only, a size limit before any pixel, a sentence for every failure."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import PIL.Image
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from PIL.ImageFile import ImageFile

from headstart.core.errors import first_line

MOST_PIXELS = 178_956_970
"""Beyond this a picture is taken for a decompression bomb (half a gigabyte of RGB; Pillow's own hard limit)."""

_FORMATS = [  # importing a plug-in is what makes Pillow know its format
    JpegImagePlugin.JpegImageFile.format,
    PngImagePlugin.PngImageFile.format,
    WebPImagePlugin.WebPImageFile.format,
    BmpImagePlugin.BmpImageFile.format,
    TiffImagePlugin.TiffImageFile.format,
    GifImagePlugin.GifImageFile.format,
]
_ORIENTATION = 0x0112
_TURNS = {
    2: PIL.Image.Transpose.FLIP_LEFT_RIGHT,
    3: PIL.Image.Transpose.ROTATE_180,
    4: PIL.Image.Transpose.FLIP_TOP_BOTTOM,
    5: PIL.Image.Transpose.TRANSPOSE,
    6: PIL.Image.Transpose.ROTATE_270,
    7: PIL.Image.Transpose.TRANSVERSE,
    8: PIL.Image.Transpose.ROTATE_90,
}


@contextlib.contextmanager
def opened(reference: Any) -> Iterator[ImageFile]:
    """The image with its header read and its pixels not yet.

    `reference` is a path, the bytes of a file, or anything with ``read_bytes()``.

    Raises
    ------
    ValueError : missing, empty, unreadable, of no known format, or too large.
    """
    with file_of(reference) as file:
        try:
            image = _header(file)
        except OSError as error:
            raise ValueError(_file_sentence(error)) from error
        _refuse_bomb(image.size)
        yield image


@contextlib.contextmanager
def file_of(reference: Any) -> Iterator[BinaryIO]:
    """The open file that `reference`, as for :func:`opened`, stands for.

    Raises
    ------
    ValueError : missing, empty or unreadable.
    """
    try:
        file = _file(reference)
    except OSError as error:
        raise ValueError(_file_sentence(error)) from error
    with file:
        yield file


def load_pixels(image: PIL.Image.Image) -> None:
    """Read the pixels now.

    Raises
    ------
    ValueError : the file is damaged or cut short.
    """
    with _damage_as_sentence():
        image.load()


def upright(image: PIL.Image.Image) -> PIL.Image.Image:
    """A loaded image turned the way its EXIF orientation says."""
    turn = _TURNS.get(orientation(image))
    return image if turn is None else image.transpose(turn)


def upright_size(image: PIL.Image.Image) -> tuple[int, int]:
    """(width, height) as a person sees it, from the header alone."""
    width, height = image.size
    # Pillow's TIFF reader already swaps the sides of a turned picture; the others leave it to us.
    turned = orientation(image) >= 5 and image.format != "TIFF"
    return (height, width) if turned else (width, height)


def _file(reference: Any) -> BinaryIO:
    if isinstance(reference, str | Path):
        path = Path(reference)
        if path.stat().st_size == 0:
            raise ValueError("the file is empty (0 bytes)")
        return path.open("rb")
    content = reference if isinstance(reference, bytes) else reference.read_bytes()
    if not content:
        raise ValueError("the file is empty (0 bytes)")
    return io.BytesIO(content)


def _header(file: BinaryIO) -> ImageFile:
    """What ``PIL.Image.open`` does, without its warning for large pictures, which no thread can silence alone."""
    prefix = file.read(16)
    for name in _FORMATS:
        factory, accept = PIL.Image.OPEN[name]
        if accept is None or accept(prefix) is not True:
            continue
        file.seek(0)
        with _damage_as_sentence():
            image: Any = factory(file, "")
            return image
    kinds = "JPEG, PNG, WebP, BMP, TIFF, GIF, DICOM or NIfTI"
    raise ValueError(f"the file is no image that can be read (its content is none of {kinds})")


def _refuse_bomb(size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MOST_PIXELS:
        raise ValueError(
            f"the image claims {width}×{height} pixels, {width * height / 1e6:.0f} megapixels; "
            f"the limit is {MOST_PIXELS / 1e6:.0f}, beyond which a file may be a decompression bomb"
        )


@contextlib.contextmanager
def _damage_as_sentence() -> Iterator[None]:
    """Turn whatever a decoder raises into a ValueError; on damaged files that may be nearly any exception."""
    try:
        yield
    except PIL.Image.DecompressionBombError as error:
        raise ValueError(f"the image is too large and may be a decompression bomb ({error})") from error
    except MemoryError as error:
        raise ValueError("the image does not fit into memory") from error
    except Exception as error:
        raise ValueError(f"the file is damaged or cut short ({first_line(error)})") from error


def _file_sentence(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, IsADirectoryError):
        return "this is a folder, not an image"
    return f"the file cannot be read ({error.strerror or first_line(error)})"


def orientation(image: PIL.Image.Image) -> int:
    """1 (upright) … 8; a picture whose EXIF data is damaged counts as upright."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # EXIF is a small TIFF inside the file: damaged, it raises nearly anything
        return 1
    return value if isinstance(value, int) else 1
