"""A plain vision transformer of parts that any library made, with the verbs of timm's, so that it gives a map."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from headstart.backbones.images.smoothing import smoothed


class PlainTransformer(nn.Module):
    """Pixels (N, 3, H, W) → what is pooled (N, D) of the tokens after the last layer, with the verbs of timm.

    Parameters
    ----------
    start : makes the tokens. layers : each takes tokens, and a mask that is None. norm : of the last tokens.
    pool : tokens (N, P + h · w, D) → features; the first one, of the whole picture, where none is given.
    """

    def __init__(self, start: Start, layers: nn.ModuleList, norm: nn.Module, pool: nn.Module | None = None) -> None:
        super().__init__()
        self.patch_embed, self.layers, self.norm = start, layers, norm
        self.pool = pool or FirstToken()
        self.num_prefix_tokens = 0 if start.tokens is None else start.tokens.shape[1]
        self.num_features = start.positions.shape[2]

    def forward(self, pixels: Tensor) -> Tensor:
        """Features."""
        return self.forward_head(self.forward_features(pixels))

    def forward_features(self, pixels: Tensor) -> Tensor:
        """Tokens (N, P + h · w, D), those of no place first."""
        tokens = self.patch_embed(pixels)
        for layer in self.layers:
            tokens = layer(tokens, None)
        found: Tensor = self.norm(tokens)
        return found

    def forward_head(self, tokens: Tensor) -> Tensor:
        """What is pooled of them."""
        features: Tensor = self.pool(tokens)
        return features

    def set_input_size(self, img_size: tuple[int, int]) -> None:
        """Say how large (height, width) pictures will be."""
        self.patch_embed.grid_size = tuple(
            side // patch for side, patch in zip(img_size, self.patch_embed.patch_size, strict=True)
        )

    def closed_types(self) -> tuple[type[nn.Module], ...]:
        """Types of modules that a trace must not look into, each part of one stage."""
        return Start, type(self.layers[0])


class Start(nn.Module):
    """Pixels → tokens, with positions that are interpolated from those of the pictures it was made for.

    Registers (Darcet et al. 2024, arXiv:2309.16588) are tokens of no place, and have no position either; beside them
    positions are smoothed where they are brought to a smaller grid.

    Parameters
    ----------
    projection : pixels → patches (N, D, h, w). after : what the tokens pass before the first layer.
    tokens : (1, P, D), those of no place, if there are any.
    positions : (1, Q + h · w, D), of the first Q of them and of the places of `made_grid` (h, w).
    smooth : whether positions are smoothed.
    """

    def __init__(
        self,
        projection: nn.Conv2d,
        tokens: Tensor | None,
        positions: nn.Parameter,
        made_grid: tuple[int, int],
        after: nn.Module,
        smooth: bool = False,
    ) -> None:
        super().__init__()
        self.projection, self.after = projection, after
        self.tokens = None if tokens is None else nn.Parameter(tokens)
        self.positions, self.placed = positions, positions.shape[1] - math.prod(made_grid)
        self.smooth, self.made_grid = smooth, made_grid
        height, width = projection.kernel_size
        self.patch_size = height, width
        self.grid_size: tuple[int, ...] = made_grid

    def forward(self, pixels: Tensor) -> Tensor:
        """Tokens (N, P + h · w, D)."""
        patches = self.projection(pixels)
        grid = (int(patches.shape[2]), int(patches.shape[3]))
        places = self.positions[:, self.placed :].transpose(1, 2).unflatten(2, self.made_grid)
        if grid != self.made_grid:
            places = smoothed(places, grid) if self.smooth else interpolated(places, grid)
        tokens = (patches + places).flatten(2).transpose(1, 2)
        if self.tokens is not None:
            tokens = torch.cat([self._first(self.tokens).expand(pixels.shape[0], -1, -1), tokens], dim=1)
        given: Tensor = self.after(tokens)
        return given

    def _first(self, tokens: Tensor) -> Tensor:
        """The tokens of no place (1, P, D) with their positions."""
        placed = self.placed
        return torch.cat([tokens[:, :placed] + self.positions[:, :placed], tokens[:, placed:]], dim=1)


class FirstToken(nn.Module):
    """Tokens (N, L, D) → the first of them (N, D)."""

    def forward(self, tokens: Tensor) -> Tensor:
        """The class token."""
        return tokens[:, 0]


def interpolated(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Maps (N, C, h, w) at `size` (height, width), by bicubic interpolation that smooths nothing."""
    return functional.interpolate(maps, size=size, mode="bicubic", align_corners=False)
