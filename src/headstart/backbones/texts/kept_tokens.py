"""Plain vision transformers that read some patches of a picture alone: the others cost nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Patches:
    """The patches of a network: ``grid`` (rows, columns) of them, of ``side`` pixels, each ``width`` numbers wide."""

    grid: tuple[int, int]
    side: int
    width: int

    @property
    def count(self) -> int:
        """L."""
        return self.grid[0] * self.grid[1]


def patches_of(network: nn.Module) -> Patches | None:
    """The patches of one of timm's plain vision transformers that :func:`encoded` can run; None for all others."""
    from timm.models.vision_transformer import VisionTransformer

    if not isinstance(network, VisionTransformer) or network.dynamic_img_size:
        return None
    sides, grid = set(network.patch_embed.patch_size), network.patch_embed.grid_size
    return Patches((grid[0], grid[1]), sides.pop(), network.embed_dim) if len(sides) == 1 else None


def encoded(network: Any, pixels: Tensor, kept: Tensor) -> Tensor:
    """What `network` makes of the patches `kept` (N, k) of `pixels` (N, C, H, W): their tokens (N, k, D)."""
    tokens, prefix = network._pos_embed(network.patch_embed(pixels)), network.num_prefix_tokens
    places = kept[:, :, None].expand(-1, -1, tokens.shape[2])
    tokens = torch.cat([tokens[:, :prefix], tokens[:, prefix:].gather(1, places)], dim=1)
    tokens = network.norm(network.blocks(network.norm_pre(tokens)))
    made: Tensor = tokens[:, prefix:]
    return made
