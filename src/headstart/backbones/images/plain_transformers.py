"""Plain vision transformers of transformers, with the verbs of timm's, so that they give maps of their patches."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from headstart.backbones._card import Card
from headstart.backbones.folders.transformers_networks import (
    load_network,
    make_config,
    make_network,
    plain_config,
    told,
)
from headstart.backbones.images import transformers_pixels as pixels
from headstart.backbones.images.preprocess import ImagePreprocess
from headstart.backbones.images.smoothing import smoothed
from headstart.backbones.images.token_maps import TransformerBackbone

_SOURCE = "transformers_vits"

_STATISTICS = {
    "vit": pixels.HALF,
    "deit": pixels.IMAGENET,
    "dinov2": pixels.IMAGENET,
    "dinov2_with_registers": pixels.IMAGENET,
}
"""Mean and deviation of pixels, by ``model_type``, where ``preprocessor_config.json`` is silent."""

_SQUARES = ("vit", "deit")
"""Those whose pictures become squares as a whole where it does not say that; of the others the middle is taken."""

_MINIATURE = {
    "hidden_size": 24,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "image_size": 64,
    "patch_size": 16,
}


class PlainTransformer(nn.Module):
    """Pixels (N, 3, H, W) → the class token (N, D) after the last layer, and what is named as timm names it."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.patch_embed = Start(model.embeddings)
        self.layers = model.layers if hasattr(model, "layers") else model.encoder.layer
        self.norm = model.layernorm
        self.num_prefix_tokens, self.num_features = self.patch_embed.tokens.shape[1:]

    def forward(self, pixels: Tensor) -> Tensor:
        """Features."""
        return self.forward_head(self.forward_features(pixels))

    def forward_features(self, pixels: Tensor) -> Tensor:
        """Tokens (N, P + h · w, D), those of no place first."""
        tokens = self.patch_embed(pixels)
        for layer in self.layers:
            tokens = layer(tokens)
        found: Tensor = self.norm(tokens)
        return found

    def forward_head(self, tokens: Tensor) -> Tensor:
        """The class token."""
        return tokens[:, 0]

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
    """

    def __init__(self, embeddings: Any) -> None:
        super().__init__()
        self.projection, self.dropout = embeddings.patch_embeddings.projection, embeddings.dropout
        first = [getattr(embeddings, name, None) for name in ("cls_token", "distillation_token", "register_tokens")]
        self.tokens = nn.Parameter(torch.cat([token.detach() for token in first if token is not None], dim=1))
        self.positions = embeddings.position_embeddings
        self.placed = self.positions.shape[1] - embeddings.patch_embeddings.num_patches
        self.smooth = hasattr(embeddings, "register_tokens")
        self.patch_size: tuple[int, int] = tuple(self.projection.kernel_size)
        made_for = embeddings.patch_embeddings.image_size
        self.made_grid = tuple(side // patch for side, patch in zip(made_for, self.patch_size, strict=True))
        self.grid_size: tuple[int, ...] = self.made_grid

    def forward(self, pixels: Tensor) -> Tensor:
        """Tokens (N, P + h · w, D)."""
        patches = self.projection(pixels)
        grid, placed = (int(patches.shape[2]), int(patches.shape[3])), self.placed
        places = self.positions[:, placed:].transpose(1, 2).unflatten(2, self.made_grid)
        if grid != self.made_grid:
            places = smoothed(places, grid) if self.smooth else interpolated(places, grid)
        first = torch.cat([self.tokens[:, :placed] + self.positions[:, :placed], self.tokens[:, placed:]], dim=1)
        first = first.expand(pixels.shape[0], -1, -1)
        tokens = torch.cat([first, (patches + places).flatten(2).transpose(1, 2)], dim=1)
        dropped: Tensor = self.dropout(tokens)
        return dropped


def interpolated(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Maps (N, C, h, w) at `size` (height, width), by bicubic interpolation that smooths nothing."""
    return functional.interpolate(maps, size=size, mode="bicubic", align_corners=False)


def preprocess_of(settings: Mapping[str, Any], plain: Mapping[str, Any], where: str) -> ImagePreprocess:
    """Pixels as ``preprocessor_config.json`` says, else as the family of the configuration `plain` had them.

    Raises
    ------
    HeadstartError : it says nothing that makes sense.
    """
    with told(f"{where}: nothing can be made of preprocessor_config.json"):
        given = pixels.crop_of(settings) or settings.get("size") or plain.get("image_size") or 224
        side, patch = pixels.side_of(given), int(plain.get("patch_size") or 16)
        size, kind = max(1, side // patch) * patch, str(plain["model_type"])
        return pixels.preprocess_of(settings, size, _STATISTICS[kind], squares=kind in _SQUARES)


def backbone(
    plain: Mapping[str, Any], preprocess: ImagePreprocess, card: Card, weights: Path | None = None
) -> TransformerBackbone:
    """The network with the weights in the folder `weights`, or random ones.

    Raises
    ------
    HeadstartError : the configuration cannot be built, or the weights do not fit it.
    """
    where = str(weights or card.path or card.name)
    with told(f"{where}: no network can be built from config.json"):
        config = make_config(plain, where)
        network = PlainTransformer(load_network(weights, config) if weights else make_network(config))
        description = {"source": _SOURCE, "config": plain_config(config)}
        return TransformerBackbone(network, card, preprocess, description, leaves=network.closed_types())


def tiny(kind: str, name: str) -> TransformerBackbone:
    """A miniature with random weights, on pictures of 64 pixels."""
    plain = {"model_type": kind, **_MINIATURE}
    card = Card(name, "image", pretraining="none: a miniature")
    return backbone(plain, preprocess_of({}, plain, name), card)
