"""Words at the corners of boxes on a picture, none of which covers another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import PIL.Image
import PIL.ImageDraw

from headstart.core.lettering import lettered

SMALLEST_LETTERS = 10.0
"""Pixels of the letters."""

Edges = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


def in_pixels(edges: Sequence[float], size: tuple[int, int]) -> Edges:
    """Left, top, right and bottom, given as shares, on a picture of `size` (width, height)."""
    left, top, right, bottom = (edge * side for edge, side in zip(edges, size * 2, strict=True))
    return left, top, right, bottom


class Tags:
    """The words on one picture; who comes first has the choice of its place.

    Parameters
    ----------
    letters : size of the letters in pixels.
    """

    def __init__(self, picture: PIL.Image.Image, letters: float = SMALLEST_LETTERS) -> None:
        self._pen, self._size, self._letters = PIL.ImageDraw.Draw(picture), picture.size, letters
        self._taken: list[Edges] = []

    def write(self, box: Edges, words: str, colour: str) -> None:
        """In white on a strip of `colour`, within the picture, at a corner of `box`, the left ones first.

        Not at all where each of them lies over words that stand there already.
        """
        font, words = lettered(words, self._letters)
        right, bottom = self._pen.textbbox((0, 0), words, font)[2:]
        width, height = right + 2, bottom + 2
        for x, y in product((box[0], box[2] - width), (box[1], box[3] - height)):
            left, top = (
                max(0.0, min(at, side - 1 - own))
                for at, side, own in zip((x, y), self._size, (width, height), strict=True)
            )
            strip = (left, top, left + width, top + height)
            if not any(_overlap(strip, other) for other in self._taken):
                self._strip(strip, words, font, colour)
                return

    def _strip(self, strip: Edges, words: str, font: Any, colour: str) -> None:
        self._pen.rectangle(strip, fill=colour)
        self._pen.text((strip[0] + 1, strip[1]), words, "white", font)
        self._taken.append(strip)


def _overlap(one: Edges, other: Edges) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
