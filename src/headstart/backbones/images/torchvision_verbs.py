"""torchvision's networks of windows and its vision transformers, with timm's verbs for what they give on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from headstart.backbones.images.torchvision_models import models
from headstart.backbones.images.transformer_verbs import interpolated


class Windows(models.SwinTransformer):
    """Swin, the first version and the second: every other part of ``features`` is a stage, channels last."""

    def forward_intermediates(
        self, pixels: Tensor, indices: Sequence[int] | None = None, norm: bool = False
    ) -> tuple[Tensor, list[Tensor]]:
        """The last map, and those of the stages `indices` or all, (N, C, h, w); `norm` normalises the last."""
        maps = []
        for at, part in enumerate(self.features):
            pixels = part(pixels)
            maps += [pixels.permute(0, 3, 1, 2)] if at % 2 else []
        last = self.norm(pixels).permute(0, 3, 1, 2)
        return last, _those([*maps[:-1], last] if norm else maps, indices)

    def forward_head(self, last: Tensor) -> Tensor:
        """Features."""
        features: Tensor = self.head(self.flatten(self.avgpool(last)))
        return features


class WindowsAndGrids(models.MaxVit):
    """MaxViT, whose windows divide pictures of one size."""

    def forward_intermediates(
        self, pixels: Tensor, indices: Sequence[int] | None = None, norm: bool = False
    ) -> tuple[Tensor, list[Tensor]]:
        """The last map, and the `indices` of those of stem and blocks, (N, C, h, w), which no norm follows."""
        maps = [self.stem(pixels)]
        for block in self.blocks:
            maps.append(block(maps[-1]))
        return maps[-1], _those(maps, indices)

    def forward_head(self, last: Tensor) -> Tensor:
        """Features."""
        features: Tensor = self.classifier(last)
        return features


def _those(maps: list[Tensor], indices: Sequence[int] | None) -> list[Tensor]:
    return maps if indices is None else [maps[at] for at in indices]


class Patches(NamedTuple):
    """How pictures are divided: pixels of a patch, and how many patches, (height, width) each."""

    patch_size: tuple[int, int]
    grid_size: tuple[int, int]


class Transformer(models.VisionTransformer):
    """A plain vision transformer, whose position embeddings can be interpolated."""

    num_prefix_tokens = 1
    grid: tuple[int, int] | None = None
    """That of the pictures it takes; None for those it was made for."""

    @property
    def patch_embed(self) -> Patches:
        """How the pictures that it takes are divided."""
        made_for = self.image_size // self.patch_size
        return Patches((self.patch_size, self.patch_size), self.grid or (made_for, made_for))

    @property
    def num_features(self) -> int:
        """D of a token."""
        return int(self.hidden_dim)

    def set_input_size(self, img_size: tuple[int, int]) -> None:
        """Take pictures of this (height, width), with the positions of the last brought to their grid."""
        before, at = self.patch_embed.grid_size, self.encoder.pos_embedding
        self.grid = img_size[0] // self.patch_size, img_size[1] // self.patch_size
        if self.grid != before:
            places = at.detach()[:, 1:].transpose(1, 2).unflatten(2, before)
            places = interpolated(places, self.grid)
            moved = torch.cat([at.detach()[:, :1], places.flatten(2).transpose(1, 2)], dim=1)
            self.encoder.pos_embedding = nn.Parameter(moved, requires_grad=at.requires_grad)

    def forward_features(self, pixels: Tensor) -> Tensor:
        """Tokens (N, 1 + h · w, D), that of no place first."""
        patches = self.conv_proj(pixels).flatten(2).transpose(1, 2)
        first = self.class_token.expand(patches.shape[0], -1, -1)
        tokens: Tensor = self.encoder(torch.cat([first, patches], dim=1))
        return tokens

    def forward_head(self, tokens: Tensor) -> Tensor:
        """Features."""
        features: Tensor = self.heads(tokens[:, 0])
        return features


def with_verbs(network: Any) -> nn.Module:
    """`network`, which speaks them from now on where it is one of those; its forward stays as it is."""
    for kind in (Windows, WindowsAndGrids, Transformer):
        if type(network) is kind.__base__:
            network.__class__ = kind
    made: nn.Module = network
    return made
