"""A short stack: neighbouring slices of a volume as the channels of one picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image

MODE = "STACK"


class SliceStack:
    """An odd number of grey pictures of one size, each ``L`` of 8 bits or ``F`` (floats from 0 to 255).

    What is done to it as to a Pillow picture is done to every slice; who shows it sees the middle one.
    """

    mode = MODE

    def __init__(self, slices: Sequence[Image.Image]) -> None:
        self.slices = tuple(slices)

    def __len__(self) -> int:
        return len(self.slices)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.middle.size

    @property
    def middle(self) -> Image.Image:
        """The slice that has as many before as behind it."""
        return self.slices[len(self.slices) // 2]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """(H, W, C), float32 where any slice has floats, else uint8."""
        return np.stack([np.asarray(one) for one in self.slices], axis=2).astype(dtype or self._kind)

    @property
    def _kind(self) -> type[Any]:
        return np.float32 if any(one.mode == "F" for one in self.slices) else np.uint8

    def each(self, change: Callable[[Image.Image], Image.Image]) -> SliceStack:
        """The stack of what `change` makes of every slice."""
        return SliceStack([change(one) for one in self.slices])

    def resize(self, size: tuple[int, int], resample: Any = None, box: Any = None) -> SliceStack:
        """Every slice, or the `box` of it, brought to `size`."""
        return self.each(lambda one: one.resize(size, resample, box=box))

    def crop(self, box: tuple[int, int, int, int]) -> SliceStack:
        """The same rectangle of every slice."""
        return self.each(lambda one: one.crop(box))

    def transpose(self, method: Any) -> SliceStack:
        """Every slice turned or mirrored alike."""
        return self.each(lambda one: one.transpose(method))

    def convert(self, mode: str) -> Image.Image:
        """The middle slice in another of Pillow's modes."""
        return _eight_bit(self.middle).convert(mode)


def shown(picture: Any) -> Any:
    """The middle slice of a stack; any other picture as it is."""
    return picture.middle if isinstance(picture, SliceStack) else picture


def _eight_bit(picture: Image.Image) -> Image.Image:
    if picture.mode != "F":
        return picture
    return Image.fromarray(np.rint(np.asarray(picture)).clip(0, 255).astype(np.uint8))
