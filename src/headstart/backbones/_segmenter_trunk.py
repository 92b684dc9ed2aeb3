"""A pretrained segmenter without its predictor, as a network that gives maps and pooled features."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from torch import Tensor, nn


class SegmenterTrunk(nn.Module, ABC):
    """Pixels (N, 3, H, W) → (N, D), the mean over places of the map that the predictor would read.

    Submodules are named as in the file of weights. A forward that ``torch.fx`` can trace outside of `closed`.
    """

    closed: ClassVar[tuple[str, ...]] = ()
    """Names of the types of modules, each part of one stage, that a trace does not look into."""

    left_out: ClassVar[tuple[str, ...]] = ()
    """Paths in the file of weights of what is no part of the trunk: the predictor, and what only training reads."""

    def forward(self, pixels: Tensor) -> Tensor:
        """Features."""
        return self.last_map(pixels).mean((2, 3))

    @abstractmethod
    def last_map(self, pixels: Tensor) -> Tensor:
        """The map (N, D, h, w) that the predictor would read, or its means over a few places where it is wide."""

    def closed_types(self) -> tuple[type[nn.Module], ...]:
        """The types named in :attr:`closed`."""
        return tuple({type(module) for module in self.modules() if type(module).__name__ in self.closed})


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
