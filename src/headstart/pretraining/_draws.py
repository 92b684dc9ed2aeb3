"""What is random in an epoch of crops: which part of which picture, in which colours, mixed with which other."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor

RATIO = 4 / 3
"""Width / height of a crop as it is cut lies between its inverse and this."""

GREY = 0.1
"""The share of crops without colours."""

PLAIN, BLENDED = 0.5, 0.25
"""Shares of crops that are not mixed, and that are mixed as a whole (mixup, Zhang et al. 2018, arXiv:1710.09412); the
rest have a part of another pasted in (CutMix, Yun et al. 2019, arXiv:1905.04899)."""

_COLUMNS = 12


@dataclass(frozen=True)
class Draws:
    """For each of P crops, (P,) on the device.

    Attributes
    ----------
    rows : of the picture. wide, high : of the box, as shares of the picture's sides, 0 to 1; ``x``, ``y`` its centre.
    side : 1, or -1 where it is mirrored. brightness, contrast, saturation : factors.
    blend : the share of the crop itself where it is mixed with another, 1 where it is not.
    pasted : the share of each side that a part of another takes, 0 where none is; ``across``, ``down`` its centre.
    """

    rows: Tensor
    wide: Tensor
    high: Tensor
    x: Tensor
    y: Tensor
    side: Tensor
    brightness: Tensor
    contrast: Tensor
    saturation: Tensor
    blend: Tensor
    pasted: Tensor
    across: Tensor
    down: Tensor

    def part(self, start: int, stop: int) -> Draws:
        """Those of some crops."""
        return Draws(*(getattr(self, field.name)[start:stop] for field in fields(self)))


def draws(
    count: int,
    proportions: Tensor,
    scale: tuple[float, float],
    jitter: float,
    seed: int,
    rows: Tensor | None = None,
) -> Draws:
    """`count` crops: one of each of N pictures in random order, then another of each in another order.

    Drawn by the processor, whatever the device, and brought there at once: a copy a step would make it wait.

    Parameters
    ----------
    proportions : (N,) width / height of the pictures, on the device. scale : least and largest share of their area.
    jitter : by how much brightness, contrast and saturation differ.
    rows : (`count`,) of which pictures instead, on the device.
    """
    random, pictures = torch.Generator().manual_seed(seed), len(proportions)
    if rows is None:
        rounds = [torch.randperm(pictures, generator=random) for _ in range(-(-count // pictures))]
        rows = torch.cat(rounds)[:count].to(proportions.device)
    uniform = torch.rand((_COLUMNS, count), generator=random).to(proportions.device)
    area, ratio, x, y, side, *factors, how, much, across, down = uniform
    wide, high = _box(scale[0] + (scale[1] - scale[0]) * area, (2 * ratio - 1) * math.log(RATIO), proportions[rows])
    brightness, contrast, saturation = (1 + jitter * (2 * factor - 1) for factor in factors)
    grey = side.mul(2).frac() < GREY  # where in its half a number lies tells nothing of which half
    blended, pasted = (how >= PLAIN) & (how < PLAIN + BLENDED), how >= PLAIN + BLENDED
    return Draws(
        rows, wide, high,
        wide / 2 + x * (1 - wide), high / 2 + y * (1 - high),
        torch.where(side < 0.5, -1.0, 1.0),
        brightness, contrast, torch.where(grey, 0.0, saturation),
        torch.where(blended, much, 1.0), torch.where(pasted, much.sqrt(), 0.0),
        across, down,
    )  # fmt: skip


def _box(area: Tensor, log_ratio: Tensor, proportions: Tensor) -> tuple[Tensor, Tensor]:
    """Sides of boxes of such areas and shapes, as shares of the picture's; shrunk where they do not fit."""
    shape = log_ratio.exp() / proportions
    wide, high = (area * shape).sqrt(), (area / shape).sqrt()
    fitting = torch.maximum(wide, high).clamp_min(1.0)
    return wide / fitting, high / fitting
