"""What is marked in a picture: boxes, each with its class, and the exact outline where it is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Outline:
    """The exact shape of one object in a picture: polygons, or the run lengths of a bitmap.

    Attributes
    ----------
    polygons : each x, y, x, y, … in pixels, at least three points; their union is the shape.
    counts : run lengths of 0, 1, 0, … down the columns of a bitmap, or these compressed to a string as COCO does.
    size : (width, height) of that bitmap in pixels; (0, 0) where there are polygons.
    """

    polygons: tuple[tuple[float, ...], ...] = ()
    counts: tuple[int, ...] | str = ()
    size: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Box:
    """One object: its edges in pixels, counted from the upper left corner of the picture, and its class.

    ``crowd`` : it holds many objects of the class that nobody parted; what is found in it is neither right nor wrong.
    ``difficult`` : whoever marked it took it for too hard to be asked for; finding it is neither right nor wrong.
    """

    left: float
    top: float
    right: float
    bottom: float
    label: str
    crowd: bool = False
    difficult: bool = False
    outline: Outline | None = None

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom)."""
        return self.left, self.top, self.right, self.bottom

    @property
    def asked_for(self) -> bool:
        """Whether not finding it is a mistake."""
        return not (self.crowd or self.difficult)


@dataclass(frozen=True)
class Boxes:
    """All that is marked in one picture, perhaps nothing; the target of an example of detection.

    ``size`` is (width, height) of the picture in pixels.
    """

    marked: tuple[Box, ...]
    size: tuple[int, int]

    def __len__(self) -> int:
        return len(self.marked)

    def __iter__(self) -> Iterator[Box]:
        return iter(self.marked)

    def __str__(self) -> str:
        counts = Counter(box.label for box in self.marked)
        return ", ".join(f"{count} × {label}" for label, count in sorted(counts.items())) or "nothing"
