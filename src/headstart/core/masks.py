"""Masks: a picture whose pixels say which class each place of another picture belongs to."""

from __future__ import annotations

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


@dataclass(frozen=True, repr=False)
class Mask:
    """One picture's mask, undecoded.

    Attributes
    ----------
    size : (width, height). pixels : how many there are of each class of the legend, and ignored ones last.
    content : a digest of what its pixels are.
    """

    path: Path
    legend: Legend
    size: tuple[int, int]
    pixels: tuple[int, ...] = field(compare=False)
    content: str

    def __repr__(self) -> str:
        return f"mask {self.content}"

    def classes(self) -> np.ndarray:
        """(H, W) uint8 places in the legend's names.

        Raises
        ------
        ValueError : it can no longer be read.
        """
        return self.legend.classes(read_codes(self.path, self.legend.coloured).codes)


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
    if image.mode == "1":
        image = image.convert("L")
    if image.mode in ("P", "L", "I;16", "I") and not coloured:
        codes = np.asarray(image).astype(np.int64)
        if codes.max(initial=0) > IGNORED:
            raise ValueError(f"its pixels run to {codes.max()}, and the classes of a mask to 255")
        return Codes(codes, False, palette)
    pixels = np.asarray(image.convert("RGB")).astype(np.int64)
    grey = bool((pixels == pixels[..., :1]).all())
    if coloured is False or (coloured is None and grey):
        return Codes(pixels[..., 0], False)
    return Codes((pixels[..., 0] << 16) + (pixels[..., 1] << 8) + pixels[..., 2], True)


def read_numbers(path: Path) -> np.ndarray:
    """The pixels (H, W) of a mask that hold a whole number each, of 8, 16 or 32 bits; 255 of a palette is nothing.

    Raises
    ------
    ValueError : a person's sentence on what is wrong.
    """
    image = _opened(path)
    if image.mode == "F":
        raise ValueError("its pixels are fractions (floats), and numbers of objects are whole: save it with 16 bits")
    if image.mode == "1":
        image = image.convert("L")
    if image.mode == "P" or image.mode[0] in "LI":
        numbers = np.asarray(image.convert("L") if image.mode == "LA" else image).astype(np.int64)
        return np.where(numbers == IGNORED, 0, numbers) if image.mode == "P" else numbers
    pixels = np.asarray(image.convert("RGB")).astype(np.int64)
    if (pixels != pixels[..., :1]).any():
        raise ValueError("its pixels are colours, and those of a mask of objects are whole numbers, 0 for none")
    return pixels[..., 0]


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
