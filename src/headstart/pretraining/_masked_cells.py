"""A masked autoencoder of whole pictures: cells are painted over, and the last map tells their pixels."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from headstart.backbones.base import Backbone, Batch
from headstart.core.maps import Map
from headstart.pretraining.base import OwnLesson

ACROSS = 4
"""Cells lie at least so many side by side, where the strides of the network are as long as the picture."""


class MaskedCells(OwnLesson[Backbone]):
    """Loss = mean over hidden pixels of |x̂ - x| (SimMIM, Xie et al. 2022, arXiv:2111.09886).

    Hidden cells have one learnt colour. A place of the last map (B, C, h, w) gives the pixels of its stride through a
    linear map, which is all there is of a decoder. A convolutional network cannot leave cells out: painted ones enter
    its statistics too, which are therefore taken anew from whole pictures before it is looked at.
    """

    def __init__(self, last: Map, channels: int, hidden: float) -> None:
        super().__init__()
        self.last, self.hidden = last, hidden
        self.colour = nn.Parameter(torch.zeros(channels, 1, 1))
        self.pixels = nn.Sequential(
            nn.Conv2d(last.channels, channels * last.stride**2, 1), nn.PixelShuffle(last.stride)
        )

    def forward(self, student: Backbone, crops: Batch, targets: Tensor) -> Tensor:
        pixels = crops["pixels"]
        return self.told(student, pixels, self.mask(pixels))

    def mask(self, pixels: Tensor) -> Tensor:
        """(B, 1, H, W) True where hidden: of each crop the same number of cells, in random places."""
        height, width = pixels.shape[2:]
        down, across = (max(ACROSS, -(-side // self.last.stride)) for side in (height, width))
        count = min(down * across - 1, max(1, round(self.hidden * down * across)))
        order = torch.rand(len(pixels), down * across, device=pixels.device).argsort(dim=1)
        cells = (order < count).float().view(-1, 1, down, across)  # a permutation: `count` of its places lie below
        return functional.interpolate(cells, (height, width)) > 0.5

    def told(self, student: Backbone, pixels: Tensor, mask: Tensor) -> Tensor:
        """The loss where `mask` (B, 1, H, W) hides."""
        painted = torch.where(mask, self.colour.to(pixels.dtype), pixels)
        _, maps = student.features_and_maps({"pixels": painted}, [self.last.name])
        told = self.pixels(maps[self.last.name]).float()
        if told.shape[2:] != pixels.shape[2:]:
            told = functional.interpolate(told, pixels.shape[2:], mode="bilinear", align_corners=False)
        return (told - pixels).abs().masked_select(mask.expand_as(pixels)).mean()
