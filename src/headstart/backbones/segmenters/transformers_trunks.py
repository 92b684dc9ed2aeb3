"""The trunks of transformers' segmenters."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from headstart.backbones.images.stages import Opened
from headstart.backbones.segmenters.encoders import encoder_of
from headstart.backbones.segmenters.trunk import SegmenterTrunk, coarser

_FINEST = 4
"""The stride at which SegFormer, and decoders on backbones, answer."""


class MobileNetV2Trunk(SegmenterTrunk):
    """MobileNetV2 under the pyramid of DeepLabV3 (Chen et al. 2017, arXiv:1706.05587), which masks have shaped.

    The dropout before the predictor goes with it: a decoder is regularised by its own loss.
    """

    closed = ("MobileNetV2Stem", "MobileNetV2InvertedResidual", "MobileNetV2DeepLabV3Plus")
    left_out = ("segmentation_head.classifier", "mobilenet_v2.conv_1x1")

    mobilenet_v2: Any
    segmentation_head: Any

    def __init__(self, whole: Any) -> None:
        super().__init__()
        self.mobilenet_v2, self.segmentation_head = whole.mobilenet_v2, whole.segmentation_head
        self.mobilenet_v2.conv_1x1 = nn.Identity()
        self.segmentation_head.classifier = self.segmentation_head.dropout = nn.Identity()

    def last_map(self, pixels: Tensor) -> Tensor:
        hidden = self.mobilenet_v2.conv_stem(pixels)
        for layer in self.mobilenet_v2.layer:
            hidden = layer(hidden)
        found: Tensor = self.segmentation_head(hidden)
        return found


class SegformerTrunk(SegmenterTrunk):
    """SegFormer (Xie et al. 2021, arXiv:2105.15203): four stages of a transformer, fused at the finest of them."""

    closed = ("SegformerStage", "SegformerDecodeHead")
    left_out = ("decode_head.classifier",)

    segformer: Any

    def __init__(self, whole: Any) -> None:
        super().__init__()
        self.segformer, self.decode_head = whole.segformer, whole.decode_head
        self.decode_head.classifier = self.decode_head.dropout = nn.Identity()
        self.mean = coarser(whole.config.decoder_hidden_size, _FINEST)

    def last_map(self, pixels: Tensor) -> Tensor:
        hidden, found = pixels, []
        for stage in self.segformer.stages:
            hidden = stage(hidden)
            found.append(hidden)
        fused: Tensor = self.mean(self.decode_head(found))
        return fused


class OnBackboneTrunk(SegmenterTrunk):
    """A decoder on the maps of any backbone of transformers.

    Parameters
    ----------
    backbone : a backbone of transformers, which is taken over. channels : of what the decoder gives, at the finest
        stride. staged : whether the backbone is divided into stages where that can be done, and not one stage.
    """

    def __init__(self, backbone: Any, channels: int, staged: bool) -> None:
        super().__init__()
        self.backbone, self.not_traced = encoder_of(backbone, staged)
        self.given = nn.ModuleList(nn.Identity() for _ in backbone.channels)
        self.mean = coarser(channels, _FINEST)

    def last_map(self, pixels: Tensor) -> Tensor:
        maps = self.backbone(pixels).feature_maps
        decoded = self.decoded([given(maps[place]) for place, given in enumerate(self.given)])
        found: Tensor = self.mean(decoded)
        return found

    @abstractmethod
    def decoded(self, maps: Sequence[Tensor]) -> Tensor:
        """What the predictor reads, (N, D, h, w) at the finest stride; `maps` run from fine to coarse."""

    def closed_types(self) -> tuple[type[nn.Module], ...]:
        return (*super().closed_types(), *self.not_traced)


class UperNetTrunk(OnBackboneTrunk):
    """UPerNet (Xiao et al. 2018, arXiv:1807.10221): a pyramid on the maps of a backbone."""

    left_out = ("decode_head.classifier", "auxiliary_head")

    def __init__(self, whole: Any, staged: bool = True) -> None:
        super().__init__(whole.backbone, whole.config.hidden_size, staged)
        self.decode_head = _Pyramid(whole.decode_head)

    def decoded(self, maps: Sequence[Tensor]) -> Tensor:
        fused: Tensor = self.decode_head(maps)
        return fused


class _Pyramid(Opened):
    """UPerNet's head without its predictor, written so that ``torch.fx`` can follow it: maps → (N, D, h, w)."""

    def __init__(self, head: Any) -> None:
        super().__init__()
        self.psp_modules, self.bottleneck = head.psp_modules, head.bottleneck
        self.lateral_convs, self.fpn_convs = head.lateral_convs, head.fpn_convs
        self.fpn_bottleneck = head.fpn_bottleneck

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """What the predictor reads, at the places of the finest map; `maps` run from fine to coarse."""
        pooled = [brought_to(block(maps[-1]), maps[-1]) for block in self.psp_modules.children()]
        rising = [self.bottleneck(torch.cat([maps[-1], *pooled], dim=1))]
        for lateral, finer in zip(reversed(list(self.lateral_convs)), reversed(maps[:-1]), strict=True):
            beside = lateral(finer)
            rising.append(beside + brought_to(rising[-1], beside))
        top, *rest = rising
        fine = [convolution(each) for convolution, each in zip(self.fpn_convs, reversed(rest), strict=True)]
        joined = [fine[0], *(brought_to(each, fine[0]) for each in (*fine[1:], top))]
        found: Tensor = self.fpn_bottleneck(torch.cat(joined, dim=1))
        return found


def brought_to(coarse: Tensor, fine: Tensor) -> Tensor:
    """`coarse` at the places of `fine`."""
    return functional.interpolate(coarse, size=fine.shape[2:], mode="bilinear", align_corners=False)
