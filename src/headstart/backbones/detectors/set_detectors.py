"""The trunks of transformers' detectors that predict sets, written so that ``torch.fx`` can follow them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

PATCHES, TOKENS = "patches", "tokens"
"""Levels of a plain transformer: a map, and vectors that are each about the whole picture."""

OPEN_BACKBONES = ("rt_detr_resnet", "hgnet_v2")
"""Model types of backbones under a hybrid encoder whose stages can be told apart: a stem, and stages after it."""


class HybridBody(nn.Module):
    """Pixels (N, 3, H, W) → levels by name: those of RT-DETR's encoder (Zhao et al. 2023, arXiv:2304.08069).

    Convolutional stages, attention within the coarsest, and a pyramid down and up again. D-FINE has the same.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        layers, encoder = model.backbone.model, model.encoder
        self.stem, self.stages = layers.embedder, layers.encoder.stages
        self.read = [layers.stage_names.index(name) for name in layers.out_features]
        self.project, self.attended = model.encoder_input_proj, list(encoder.encode_proj_layers)
        self.attend = encoder.aifi if encoder.config.encoder_layers else nn.ModuleList()
        self.lateral, self.down_blocks = encoder.lateral_convs, encoder.fpn_blocks
        self.coarser, self.up_blocks = encoder.downsample_convs, encoder.pan_blocks

    @property
    def closed(self) -> tuple[type[nn.Module], ...]:
        """Types of modules that a trace must not look into, each part of one stage."""
        whole = (self.stem, *self.attend, *self.down_blocks, *self.up_blocks)
        return tuple({type(module) for module in whole})

    @property
    def keys(self) -> list[str]:
        """Names of the levels, from fine to coarse."""
        return [str(number) for number in range(len(self.read))]

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """Levels, from fine to coarse."""
        levels = [layer(one) for layer, one in zip(self.project, self._staged(pixels), strict=True)]
        for place, layer in zip(self.attended, self.attend, strict=False):
            levels[place] = layer(levels[place])
        return dict(zip(self.keys, self._up(self._down(levels)), strict=True))

    def _staged(self, pixels: Tensor) -> list[Tensor]:
        """What the stages give that are read."""
        found = [self.stem(pixels)]
        for stage in self.stages:
            found.append(stage(found[-1]))
        return [found[place] for place in self.read]

    def _down(self, levels: list[Tensor]) -> list[Tensor]:
        """From the coarsest level to the finest, what was learnt above beside what is seen; from fine to coarse."""
        found = [levels[-1]]
        for lateral, block, finer in zip(self.lateral, self.down_blocks, reversed(levels[:-1]), strict=True):
            found[-1] = lateral(found[-1])
            above = functional.interpolate(found[-1], scale_factor=2.0, mode="nearest")
            found.append(block(torch.cat([above, finer], dim=1)))
        return found[::-1]

    def _up(self, levels: list[Tensor]) -> list[Tensor]:
        """From the finest level to the coarsest."""
        found = [levels[0]]
        for step, block, coarser in zip(self.coarser, self.up_blocks, levels[1:], strict=True):
            found.append(block(torch.cat([step(found[-1]), coarser], dim=1)))
        return found


class PlainBody(nn.Module):
    """Pixels (N, 3, H, W) → patches (N, D, h, w) and tokens (N, D, 1, 1 + Q), the class token's and the queries'.

    YOLOS (Fang et al. 2021, arXiv:2106.00666) without its last layer, which is left to the head: there the queries
    read the patches for the last time.
    """

    keys = (PATCHES, TOKENS)

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.start = _Start(model.embeddings)
        encoder, made = model.encoder, model.config
        grid = tuple(side // made.patch_size for side in made.image_size)
        between = (
            encoder.interpolation.mid_position_embeddings if encoder.interpolation else [None] * len(encoder.layer)
        )
        self.layers = nn.ModuleList(
            _Layer(layer, positions, grid) for layer, positions in zip(encoder.layer[:-1], between, strict=False)
        )

    @property
    def closed(self) -> tuple[type[nn.Module], ...]:
        """Types of modules that a trace must not look into."""
        return _Start, _Layer

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """Levels."""
        state = self.start(pixels)
        for layer in self.layers:
            state = layer(state[0], state[1])
        return {PATCHES: state[0].permute(0, 3, 1, 2), TOKENS: state[1].transpose(1, 2).unsqueeze(2)}


class _Start(nn.Module):
    """Pixels → patches (N, h, w, D) and tokens (N, 1 + Q, D) with their positions."""

    def __init__(self, embeddings: Any) -> None:
        super().__init__()
        self.embeddings = embeddings

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Patches and tokens."""
        side = self.embeddings.config.patch_size
        height, width = (length // side for length in pixels.shape[2:])
        embedded = self.embeddings(pixels)
        patches = embedded[:, 1 : 1 + height * width].unflatten(1, (height, width))
        return patches, torch.cat([embedded[:, :1], embedded[:, 1 + height * width :]], dim=1)


class _Layer(nn.Module):
    """One layer, and the positions that are added after it where there are any.

    Parameters
    ----------
    positions : (1, 1 + h · w + Q, D) for pictures of `grid` (h, w) patches, or None.
    """

    def __init__(self, layer: nn.Module, positions: Tensor | None, grid: tuple[int, ...]) -> None:
        super().__init__()
        self.layer = layer
        self.of_places: nn.Parameter | None = None
        if positions is not None:
            places = math.prod(grid)
            of_places = positions[:, 1 : 1 + places].transpose(1, 2).unflatten(2, grid)
            self.of_places = nn.Parameter(of_places.detach().clone())
            of_tokens = torch.cat([positions[:, :1], positions[:, 1 + places :]], dim=1)
            self.of_tokens = nn.Parameter(of_tokens.detach().clone())

    def forward(self, patches: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Patches (N, h, w, D) and tokens (N, 1 + Q, D), as they came."""
        count, grid = tokens.shape[1], tuple(patches.shape[1:3])
        hidden = self.layer(torch.cat([tokens, patches.flatten(1, 2)], dim=1))
        patches, tokens = hidden[:, count:].unflatten(1, grid), hidden[:, :count]
        if self.of_places is None:
            return patches, tokens
        placed = functional.interpolate(self.of_places, size=grid, mode="bicubic", align_corners=False)
        return patches + placed.permute(0, 2, 3, 1), tokens + self.of_tokens


def body_of(model: Any) -> HybridBody | PlainBody:
    """The body of a whole detector of transformers."""
    return PlainBody(model.vit) if hasattr(model, "vit") else HybridBody(model.model)


def head_state(model: Any) -> tuple[dict[str, Tensor], int]:
    """The weights of its head, as a head of the family here calls them, and how many columns come before the classes.

    That of no object stands first here, whereas YOLOS has it last.
    """
    if not hasattr(model, "vit"):
        own = ("backbone.", "encoder.", "encoder_input_proj.", "denoising_class_embed.")
        state: Mapping[str, Tensor] = model.model.state_dict()
        return {f"model.{name}": value for name, value in state.items() if not name.startswith(own)}, 0
    parts = {
        "layer": model.vit.encoder.layer[-1],
        "normalise": model.vit.layernorm,
        "classify": model.class_labels_classifier,
        "regress": model.bbox_predictor,
    }
    state = {f"{own}.{name}": value for own, part in parts.items() for name, value in part.state_dict().items()}
    last = f"classify.layers.{len(model.class_labels_classifier.layers) - 1}."
    return {name: value.roll(1, 0) if name.startswith(last) else value for name, value in state.items()}, 1
