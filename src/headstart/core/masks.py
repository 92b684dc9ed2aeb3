"""Masks: a picture whose pixels say which class each place of another picture belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import PIL.Image

from headstart.core.errors import first_line

IGNORED = 255
"""The class of places that nobody is judged by."""

MOST_CLASSES = 255

FORMATS = ("PNG", "BMP", "TIFF", "GIF")
"""Formats that keep every pixel as it was."""

_LARGEST = 2**53
"""From here on not every whole number is a float."""

_ROUNDING = 1e-3
"""What a whole number may be off by: some programs store such ones as shares of the largest."""

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Legend:
    """What the pixels of some masks mean.

    Attributes
    ----------
    names : of the C classes.
    codes : the pixel of each: a value 0 … 255, or where masks are ``coloured`` a colour as 65536 r + 256 g + b.
    colours : of each, to be shown and written in.
    ignored : pixels that say nothing.
    """

    names: tuple[str, ...]
    codes: tuple[int, ...]
    colours: tuple[Colour, ...]
    ignored: tuple[int, ...] = ()
    coloured: bool = False

    def classes(self, codes: np.ndarray) -> np.ndarray:
        """(H, W) places in ``names`` as uint8, `IGNORED` where pixels say nothing or are of no class."""
        order = np.argsort(self.codes)
        known = np.asarray(self.codes)[order]
        found = np.minimum(np.searchsorted(known, codes), len(known) - 1)
        return np.where(known[found] == codes, order[found], IGNORED).astype(np.uint8)


class Codes(NamedTuple):
    """The pixels of a mask as codes (H, W), whether these are colours, and the palette of one that has any."""

    codes: np.ndarray
    coloured: bool
    palette: list[Colour] | None = None


def read_codes(path: Path, coloured: bool | None = None) -> Codes:
    """The pixels of a mask.

    Parameters
    ----------
    coloured : whether colours are the codes; None for where the file holds them, and they are not all grey.

    Raises
    ------
    ValueError : a person's sentence on what is wrong.
    """
    image = _opened(path)
    palette = _palette(image) if image.mode == "P" else None
    if _is_numbered(image) and not (coloured and palette):
        return codes_of(_numbers(image), coloured, palette)
    return codes_of(np.asarray(image.convert("RGB")), coloured)


def codes_of(pixels: np.ndarray, coloured: bool | None = None, palette: list[Colour] | None = None) -> Codes:
    """The pixels of a mask, numbers (H, W) or colours (H, W, 3), as :func:`read_codes` gives them.

    Raises
    ------
    ValueError : numbers are not whole, or no values of classes.
    """
    if pixels.ndim == 2:
        codes = whole_numbers(pixels)
        if codes.max(initial=0) > IGNORED:
            raise ValueError(f"its pixels run to {codes.max()}, and the classes of a mask to 255")
        if codes.min(initial=0) < 0:
            raise ValueError(f"its pixels hold the number {codes.min()}, and the classes of a mask run from 0 to 255")
        return Codes(codes * 0x010101, True) if coloured else Codes(codes, False, palette)
    pixels = pixels.astype(np.int64)
    grey = bool((pixels == pixels[..., :1]).all())
    if coloured is False or (coloured is None and grey):
        return Codes(pixels[..., 0], False)
    return Codes((pixels[..., 0] << 16) + (pixels[..., 1] << 8) + pixels[..., 2], True)


def whole_numbers(pixels: np.ndarray) -> np.ndarray:
    """(H, W) int64 of pixels that may be floats.

    Raises
    ------
    ValueError : some of them are fractions, or too large to be told from them.
    """
    if pixels.dtype.kind == "f":
        known = np.where(np.abs(pixels) < _LARGEST, pixels, 0.5)  # NaN is not below it
        wrong = pixels[np.abs(known - np.round(known)) > _ROUNDING]
        if wrong.size:
            what = f"its pixels hold {wrong[0]:g}, and those of a mask are whole numbers"
            raise ValueError(f"{what}: save it with 8 or 16 bits, not as floats")
        pixels = np.round(pixels)
    return pixels.astype(np.int64)


@dataclass(frozen=True, repr=False)
class Mask:
    """One picture's mask, undecoded.

    Attributes
    ----------
    size : (width, height). pixels : how many there are of each class of the legend, and ignored ones last.
    content : a digest of what its pixels are.
    read : what gives its codes, colours or not, of the file at ``path``.
    """

    path: Path
    legend: Legend
    size: tuple[int, int]
    pixels: tuple[int, ...] = field(compare=False)
    content: str
    read: Callable[[Path, bool | None], Codes] = field(default=read_codes, compare=False)

    def __repr__(self) -> str:
        return f"mask {self.content}"

    def classes(self) -> np.ndarray:
        """(H, W) uint8 places in the legend's names.

        Raises
        ------
        ValueError : it can no longer be read.
        """
        return self.legend.classes(self.read(self.path, self.legend.coloured).codes)


def read_numbers(path: Path) -> np.ndarray:
    """The pixels (H, W) of a mask that hold a whole number each, of 8, 16 or 32 bits; 255 of a palette is nothing.

    Raises
    ------
    ValueError : a person's sentence on what is wrong.
    """
    image = _opened(path)
    if not _is_numbered(image) and image.mode != "LA":
        return numbers_of(np.asarray(image.convert("RGB")))
    numbers = numbers_of(_numbers(image.convert("L") if image.mode == "LA" else image))
    return np.where(numbers == IGNORED, 0, numbers) if image.mode == "P" else numbers


def numbers_of(pixels: np.ndarray) -> np.ndarray:
    """(H, W) whole numbers of pixels (H, W), or of the greys in (H, W, 3).

    Raises
    ------
    ValueError : they are fractions or colours.
    """
    if pixels.ndim == 2:
        return whole_numbers(pixels)
    if (pixels != pixels[..., :1]).any():
        raise ValueError("its pixels are colours, and those of a mask of objects are whole numbers, 0 for none")
    return pixels[..., 0].astype(np.int64)


def _is_numbered(image: PIL.Image.Image) -> bool:
    """Whether its pixels are a number each, of whatever depth: not colours, nor greys that may be seen through."""
    return image.mode in ("1", "P", "L", "F") or image.mode[0] == "I"


def _numbers(image: PIL.Image.Image) -> np.ndarray:
    """(H, W) as they are; white is 255 where there is nothing but black and white."""
    return np.asarray(image.convert("L") if image.mode == "1" else image)


def _opened(path: Path) -> PIL.Image.Image:
    try:
        with PIL.Image.open(path) as image:
            kind = image.format
            if kind in FORMATS:
                image.load()
                return image
    except FileNotFoundError as error:
        raise ValueError("there is no such file") from error
    except Exception as error:  # of a damaged file a decoder raises what it likes
        raise ValueError(f"the mask cannot be read ({first_line(error)})") from error
    raise ValueError(f"a {kind} file blurs what its pixels are; masks are {', '.join(FORMATS)}")


def _palette(image: Any) -> list[Colour]:
    flat = image.getpalette() or []
    return [(flat[i], flat[i + 1], flat[i + 2]) for i in range(0, len(flat) - 2, 3)]


def usual_colour(place: int) -> Colour:
    """A colour for the class at `place`, unlike those of its neighbours: Pascal VOC's, black for the first."""
    bits = [0, 0, 0]
    for shift in range(7, -1, -1):
        for channel in range(3):
            bits[channel] |= (place >> channel & 1) << shift
        place >>= 3
    return bits[0], bits[1], bits[2]
