"""Maps of several strides made from the one that a vision transformer gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from headstart.core.maps import Map
from headstart.tasks._map_head import MapHead

WIDTH, FINE_WIDTH = 128, 48
"""Channels of the maps made, and of those at strides of 4 and less."""


class SimplePyramid(MapHead):
    """The simple feature pyramid of ViTDet (Li et al. 2022, arXiv:2203.16527, section 3) under another head.

    Finer maps are made by transposed convolutions, coarser ones by pooling.

    Parameters
    ----------
    given : the one map. strides : powers of two, from fine to coarse, that a map is made of each.
    head : makes the head on the maps made.
    """

    def __init__(self, given: Map, strides: Sequence[int], head: Callable[[list[Map]], MapHead]) -> None:
        super().__init__([given])
        self.narrow = _normalised(nn.Conv2d(given.channels, WIDTH, 1, bias=False))
        self.levels = nn.ModuleDict({str(stride): _level(given.stride, stride) for stride in strides})
        self.head = head([Map(str(stride), _width(stride), stride) for stride in strides])

    def forward(self, maps: dict[str, Tensor]) -> Tensor:
        """Outputs of the head."""
        given = self.narrow(maps[self.maps[0].name])
        outputs: Tensor = self.head({name: level(given) for name, level in self.levels.items()})
        return outputs


def _width(stride: int) -> int:
    return FINE_WIDTH if stride <= 4 else WIDTH


def _level(given: int, wanted: int) -> nn.Sequential:
    """From a map of the stride `given` to one of the stride `wanted`, in steps of two."""
    steps: list[nn.Module] = []
    width = WIDTH
    while given > wanted:
        given //= 2
        steps += _normalised(nn.ConvTranspose2d(width, _width(given), 2, 2, bias=False))
        width = _width(given)
    while given < wanted:
        given *= 2
        steps.append(nn.MaxPool2d(2))
    if width != _width(wanted):
        steps.append(nn.Conv2d(width, _width(wanted), 1))
    return nn.Sequential(*steps)


def _normalised(convolution: nn.Conv2d | nn.ConvTranspose2d) -> nn.Sequential:
    return nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels), nn.ReLU(inplace=True))
