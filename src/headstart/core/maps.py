"""Maps: what a stage of a network gives before anything is pooled, place by place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Map:
    """A map (N, C, H / stride, W / stride) of pictures of H × W pixels.

    Attributes
    ----------
    name : of the module that gives it.
    channels : C.
    stride : pixels of the picture from one place to the next, in each direction.
    """

    name: str
    channels: int
    stride: int
