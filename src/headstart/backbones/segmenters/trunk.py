"""A pretrained segmenter without its predictor, as a network that gives maps and pooled features."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn

from headstart.backbones.segmenters._types_named import types_named
from headstart.core.maps import Map


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

    def read_by_queries(self) -> list[str]:
        """Names of the modules whose maps its queries read, from fine to coarse; the first is what they are compared
        with. Empty where it has no queries."""
        return []

    def closed_types(self) -> tuple[type[nn.Module], ...]:
        """The types named in :attr:`closed`."""
        return types_named(self, self.closed)


def coarser(channels: int, stride: int) -> nn.AvgPool2d:
    """Means over so few places that a map of `stride` is not too wide to be stored."""
    step = 1
    while Map("", channels, stride * step).is_wide:
        step *= 2
    return nn.AvgPool2d(step)
