"""A picture as parts: a grid of patches that can be filled from around them, and a map laid over the original."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from headstart.backbones.base import Batch, Preprocess
from headstart.explanations._overlay import as_html, outlined, overlay, png_bytes
from headstart.explanations._parts import Manner, Parts, Shown

GRID = 14
"""Patches a side: 196 in all, of 16 pixels where the network takes 224."""

_COARSE = 7
_SWEEPS = 60
_SHARPNESS = 4
_TOP = 0.995


class PixelParts(Parts):
    """The patches of ``example[entry]``, (C, S, S) floats.

    Parameters
    ----------
    preprocess : what made it; says which part of the original the network saw.
    """

    noun = "patches"

    def __init__(self, example: Batch, entry: str, preprocess: Preprocess) -> None:
        self.entry, self.preprocess = entry, preprocess
        self.height, self.width = example[entry].shape[1:]
        self.rows, self.columns = min(GRID, self.height), min(GRID, self.width)
        self.count = self.rows * self.columns

    def scores(self, given: Tensor) -> Tensor:
        return functional.adaptive_avg_pool2d(given[None, None].cpu(), (self.rows, self.columns)).flatten()

    def without(self, example: Batch, removed: Tensor) -> Batch:
        """Each removed patch is filled with colours that run smoothly between those around it.

        So the network is told nothing of what was there, and sees no grey square that was never in a picture (Rong et
        al. 2022, "A consistent and efficient evaluation strategy for attribution methods", arXiv:2202.00449; here the
        equations are solved on the patches' mean colours, without noise).
        """
        pixels = example[self.entry]
        gone = removed.view(len(removed), 1, self.rows, self.columns).to(pixels.device)
        means = functional.adaptive_avg_pool2d(pixels[None], (self.rows, self.columns))
        fill = self._upsampled(_smooth_fill(means, gone), "bilinear")
        lost = self._upsampled(gone.to(pixels.dtype), "nearest") > 0.5
        batch = {name: tensor.expand(len(removed), *tensor.shape) for name, tensor in example.items()}
        return {**batch, self.entry: torch.where(lost, fill, pixels[None])}

    def emptied(self, example: Batch) -> Batch:
        """The picture's colours without its shapes: means of a coarse grid, and smooth between them.

        One colour everywhere would leave things of that colour without a say, since they differ little from nothing
        (Sturmfels et al. 2020, "Visualizing the impact of feature attribution baselines", Distill).
        """
        means = functional.adaptive_avg_pool2d(example[self.entry][None], (_COARSE, _COARSE))
        return {**example, self.entry: self._upsampled(_average_around(means), "bilinear")[0]}

    def _upsampled(self, grid: Tensor, mode: str) -> Tensor:
        corners = False if mode == "bilinear" else None
        return functional.interpolate(grid, size=(self.height, self.width), mode=mode, align_corners=corners)

    def show(self, given: Tensor, original: Image.Image, manner: Manner) -> Shown:
        values = self.on_original(given, original.size, manner.as_it_is)
        outline = manner.outline(original.size)
        pair = manner.as_it_is and outline is not None
        if manner.as_it_is and outline is not None:
            image = overlay(original, values, manner.caption, beside=outlined(original, outline))
        else:
            image = overlay(original, values, manner.caption, outline)
        return Shown(as_html(image, manner.caption, pair), png_bytes(image))

    def on_original(self, given: Tensor, size: tuple[int, int], as_it_is: bool = False) -> np.ndarray:
        """The map's positive part in [0, 1] on an original of `size` (width, height): (height, width) float32.

        Smoothed, and as a share of its strongest, or `as_it_is`. NaN where the network did not look: outside the
        centre crop.
        """
        width, height = size
        left, top, right, bottom = self.seen(size)
        fine = given[None, None].clamp(min=0)
        if not as_it_is:
            fine = functional.adaptive_avg_pool2d(fine, (self.rows * _SHARPNESS, self.columns * _SHARPNESS))
        inside = functional.interpolate(fine, size=(bottom - top, right - left), mode="bilinear", align_corners=False)
        highest = 1.0 if as_it_is else float(torch.quantile(fine, _TOP))
        found = np.full((height, width), np.nan, np.float32)
        found[top:bottom, left:right] = (inside[0, 0] / highest if highest > 0 else inside[0, 0]).clamp(0, 1).numpy()
        return found

    def seen(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of what the network saw of an original: the centre crop after resizing, or all."""
        if getattr(self.preprocess, "frame", None):
            return 0, 0, *size
        resized = self.preprocess.size_hint or min(self.width, self.height)
        squashed = getattr(self.preprocess, "squash", False)
        box = []
        for side, taken in zip(size, (self.width, self.height), strict=True):
            span = min(side, max(1, round(taken * (side if squashed else min(size)) / resized)))
            box.append(((side - span) // 2, (side - span) // 2 + span))
        (left, right), (top, bottom) = box
        return left, top, right, bottom


def _smooth_fill(means: Tensor, gone: Tensor) -> Tensor:
    """Mean colours (1, C, R, R) with the patches that are `gone` (K, 1, R, R) as the average of their neighbours."""
    kept = (~gone).to(means.dtype)
    start = (means * kept).sum((2, 3), keepdim=True) / kept.sum((2, 3), keepdim=True).clamp(min=1)
    filled = torch.where(gone, start, means)
    for _ in range(_SWEEPS):
        filled = torch.where(gone, _average_around(filled), filled)
    return filled


def _average_around(grid: Tensor) -> Tensor:
    """Each place of (N, C, R, R) as the mean of itself and its eight neighbours."""
    return functional.avg_pool2d(functional.pad(grid, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
