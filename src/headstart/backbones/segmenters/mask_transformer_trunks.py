"""The trunks of transformers' segmenters that predict a set of masks, without the queries that ask for them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from headstart.backbones.segmenters.transformers_trunks import OnBackboneTrunk, brought_to

_TEMPERATURE = 10_000
_TINY = 1e-6

QUERIES = ("model.transformer_module", "class_predictor", "mask_embedder")
"""What asks for masks."""

_LEFT_OUT = (*QUERIES, "criterion")
_COMPARED = "mask_projection"


class MaskFormerTrunk(OnBackboneTrunk):
    """MaskFormer (Cheng et al. 2021, arXiv:2107.06278): a pyramid of features on the maps of a backbone."""

    closed = ("MaskFormerFPNConvLayer", "MaskFormerFPNLayer")
    left_out = _LEFT_OUT

    def __init__(self, whole: Any, staged: bool = True) -> None:
        module = whole.model.pixel_level_module
        super().__init__(module.encoder, whole.config.mask_feature_size, staged)
        pyramid = module.decoder.fpn
        self.stem, self.layers = pyramid.stem, nn.ModuleList(pyramid.layers)
        self.mask_projection = module.decoder.mask_projection

    def decoded(self, maps: Sequence[Tensor]) -> Tensor:
        found = self.stem(maps[-1])
        for layer, finer in zip(self.layers, reversed(maps[:-1]), strict=True):
            found = layer(found, finer)
        projected: Tensor = self.mask_projection(found)
        return projected

    def read_by_queries(self) -> list[str]:
        return [_COMPARED, f"given.{len(self.given) - 1}"]


class Mask2FormerTrunk(OnBackboneTrunk):
    """Mask2Former (Cheng et al. 2022, arXiv:2112.01527): attention among the coarsest maps, fused with finer ones."""

    closed = ("_Attention",)
    left_out = _LEFT_OUT

    def __init__(self, whole: Any, staged: bool = True) -> None:
        module = whole.model.pixel_level_module
        super().__init__(module.encoder, whole.config.mask_feature_size, staged)
        decoder = module.decoder
        self.project, self.mask_projection = decoder.input_projections, decoder.mask_projection
        self.layers = nn.ModuleList(_Attention(layer, decoder) for layer in decoder.encoder.layers)
        self.attended = nn.ModuleList(nn.Identity() for _ in self.project)
        self.lateral = nn.ModuleList(decoder.lateral_convolutions)
        self.smooth = nn.ModuleList(decoder.output_convolutions)

    def decoded(self, maps: Sequence[Tensor]) -> Tensor:
        coarse = [project(one) for project, one in zip(self.project, reversed(maps), strict=False)]
        for layer in self.layers:
            given = layer(*coarse)
            coarse = [given[place] for place in range(len(coarse))]
        found = [attended(one) for attended, one in zip(self.attended, coarse, strict=True)][-1]
        finer = reversed(maps[: len(self.lateral)])
        for lateral, smooth, one in zip(self.lateral, self.smooth, finer, strict=True):
            beside = lateral(one)
            found = smooth(beside + brought_to(found, beside))
        projected: Tensor = self.mask_projection(found)
        return projected

    def read_by_queries(self) -> list[str]:
        return [_COMPARED, *(f"attended.{place}" for place in reversed(range(len(self.attended))))]


class _Attention(nn.Module):
    """One layer of attention from every place of every map to a few places near it in each (deformable attention).

    What tells the maps apart is one tensor in the file; here each layer has its own, so each can be trained alone.
    """

    def __init__(self, layer: nn.Module, decoder: Any) -> None:
        super().__init__()
        self.layer, self.near = layer, decoder.encoder.get_reference_points
        self.of_maps = nn.Parameter(decoder.level_embed.detach().clone())

    def forward(self, *maps: Tensor) -> tuple[Tensor, ...]:
        """Maps (N, D, h, w) of several sizes, as they came."""
        sizes = [(int(one.shape[2]), int(one.shape[3])) for one in maps]
        hidden = torch.cat([_in_a_row(one) for one in maps], dim=1)
        placed = [_positions(one) + self.of_maps[place] for place, one in enumerate(maps)]
        whole = hidden.new_ones(1, len(maps), 2)
        hidden = self.layer(
            hidden,
            attention_mask=None,
            position_embeddings=torch.cat(placed),
            reference_points=self.near(sizes, whole, hidden.device),
            spatial_shapes_list=sizes,
        )[0]
        parts = hidden.split([height * width for height, width in sizes], dim=1)
        return tuple(
            part.transpose(1, 2).reshape(maps[0].shape[0], -1, *size) for part, size in zip(parts, sizes, strict=True)
        )


def _in_a_row(one: Tensor) -> Tensor:
    """A map (N, D, h, w) → its places (N, h · w, D)."""
    return one.flatten(2).transpose(1, 2)


def _positions(one: Tensor) -> Tensor:
    """Where the places of a map (N, D, h, w) lie, (h · w, D): sines and cosines of its row, then of its column.

    Carion et al. 2020, arXiv:2005.12872, rows and columns counted from 1 and as shares of a whole turn.
    """
    _, channels, height, width = one.shape
    rows, columns = (_waves(length, channels // 2, one) for length in (height, width))
    rows, columns = rows[:, None].expand(-1, width, -1), columns[None].expand(height, -1, -1)
    return torch.cat([rows, columns], dim=2).flatten(0, 1)


def _waves(length: int, channels: int, like: Tensor) -> Tensor:
    """Sine and cosine by turns of 1 … `length` at falling frequencies, (length, channels)."""
    places = torch.arange(1, length + 1, dtype=like.dtype, device=like.device) / (length + _TINY) * 2 * math.pi
    pairs = torch.arange(0, channels, 2, dtype=like.dtype, device=like.device)
    angles = places[:, None] / _TEMPERATURE ** (pairs / channels)
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)
