"""Maps: what a stage of a network gives before anything is pooled, place by place."""

from __future__ import annotations

from dataclasses import dataclass

MOST_PER_PIXEL = 8.0
"""Numbers a pixel of the picture that a map may have where it is stored: wider ones cost more than they tell."""


@dataclass(frozen=True)
class Map:
    """A map (N, C, H / stride, W / stride) of pictures of H × W pixels.

    Attributes
    ----------
    name : of the module that gives it.
    channels : C.
    stride : pixels of the picture from one place to the next, in each direction; 0 where it has no places: vectors
        (N, C, 1, K) that are each about the whole picture.
    """

    name: str
    channels: int
    stride: int

    @property
    def is_wide(self) -> bool:
        """Whether it has too many numbers a pixel to be stored."""
        return self.channels > MOST_PER_PIXEL * self.stride**2
