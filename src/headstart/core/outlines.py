"""Exact shapes of objects as bitmaps, as grids over their boxes, and as the run lengths of COCO."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from headstart.core.boxes import Box, Outline

_FINER = 4
"""Polygons are drawn so many times finer than the grid that they are counted on."""

_BITS, _SIGN, _MORE, _FIRST = 5, 0x10, 0x20, 48
"""A character holds five bits of a number, whether it is negative in the last of them, and whether more follow."""


def covered(box: Box, cells: int) -> np.ndarray:
    """(cells, cells) uint8: how much of each cell of a grid over the box its outline covers, 255 for all of it.

    Raises
    ------
    ValueError : the box has no outline, or one that cannot be read.
    """
    if box.outline is None:
        raise ValueError("it has no outline")
    if box.outline.polygons:
        return _drawn(box, cells)
    bitmap = Image.fromarray(unrolled(runs_of(box.outline), box.outline.size).astype(np.uint8) * 255)
    return np.asarray(bitmap.resize((cells, cells), Image.Resampling.BOX, box=box.corners))


def outline_problem(box: Box, size: tuple[int, int]) -> str:
    """Why the outline of a box is no shape in a picture of (width, height); empty where it is one."""
    try:
        if box.outline is not None and not box.outline.polygons and box.outline.size != size:
            wide, high = box.outline.size
            return f"its run lengths are of {wide}×{high} pixels, and the picture has {size[0]}×{size[1]}"
        if not covered(box, 2 * _FINER).any():
            return "its outline covers nothing of its box"
    except ValueError as error:
        return str(error)
    return ""


def _drawn(box: Box, cells: int) -> np.ndarray:
    fine = cells * _FINER
    canvas = Image.new("L", (fine, fine))
    across, along = fine / (box.right - box.left), fine / (box.bottom - box.top)
    for polygon in box.outline.polygons if box.outline else ():
        if not np.isfinite(polygon).all():
            raise ValueError("a point of its outline is not a finite number")
        points = [
            ((x - box.left) * across - 0.5, (y - box.top) * along - 0.5)
            for x, y in zip(polygon[::2], polygon[1::2], strict=True)
        ]
        ImageDraw.Draw(canvas).polygon(points, fill=255)
    return np.asarray(canvas.resize((cells, cells), Image.Resampling.BOX))


def runs_of(outline: Outline) -> list[int]:
    """The run lengths of an outline that is a bitmap.

    Raises
    ------
    ValueError : they are not as many pixels as it has.
    """
    counts = decompressed(outline.counts) if isinstance(outline.counts, str) else list(outline.counts)
    width, height = outline.size
    if min(counts, default=-1) < 0 or sum(counts) != width * height:
        raise ValueError(f"its run lengths do not add up to the {width}×{height} pixels that it says it has")
    return counts


def unrolled(counts: Sequence[int], size: tuple[int, int]) -> np.ndarray:
    """(H, W) booleans of run lengths of 0, 1, 0, … down the columns."""
    width, height = size
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape(width, height).T


def run_lengths(bitmap: np.ndarray) -> list[int]:
    """The run lengths of 0, 1, 0, … down the columns of (H, W) booleans."""
    return _runs(np.flatnonzero(bitmap.T), bitmap.size)


def outline_of(part: np.ndarray, corner: tuple[int, int], size: tuple[int, int]) -> Outline:
    """The outline of what is True in a part (h, w) of a picture of (width, height) pixels, at its corner (x, y)."""
    across, down = np.divmod(np.flatnonzero(part.T), len(part))
    places = (across + corner[0]) * size[1] + down + corner[1]
    return Outline(counts=compressed(_runs(places, size[0] * size[1])), size=size)


def _runs(places: np.ndarray, total: int) -> list[int]:
    """The run lengths of 0, 1, 0, … of so many pixels in all, of which those at the rising `places` are 1."""
    steps = np.diff(places) != 1
    starts, ends = places[np.append(True, steps)[: len(places)]], places[np.append(steps, True)[: len(places)]] + 1
    turns = np.stack([starts, ends], axis=1).ravel()
    counts = np.diff(np.concatenate([[0], turns, [total]]))
    return counts[:-1].tolist() if len(counts) > 1 and counts[-1] == 0 else counts.tolist()


def compressed(counts: Sequence[int]) -> str:
    """Run lengths as COCO's own code writes them: from the third on as differences to the one before the last."""
    text = []
    for place, count in enumerate(counts):
        rest = count - counts[place - 2] if place > 2 else count
        more = True
        while more:
            part, rest = rest & (_MORE - 1), rest >> _BITS
            more = rest != (-1 if part & _SIGN else 0)
            text.append(chr((part | _MORE if more else part) + _FIRST))
    return "".join(text)


def decompressed(text: str) -> list[int]:
    """The inverse of :func:`compressed`.

    Raises
    ------
    ValueError : it is no such text.
    """
    counts: list[int] = []
    value = shift = 0
    for letter in text:
        part = ord(letter) - _FIRST
        if not 0 <= part < 2 * _MORE:
            raise ValueError(f"its run lengths hold {letter!r}, which no compressed number has")
        value |= (part & (_MORE - 1)) << shift
        shift += _BITS
        if not part & _MORE:
            value -= (1 << shift) if part & _SIGN else 0
            counts.append(value + counts[-2] if len(counts) > 2 else value)
            value = shift = 0
    if shift:
        raise ValueError("its run lengths end in the middle of a number")
    return counts
