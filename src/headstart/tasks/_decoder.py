"""A decoder in the form of a U: from the coarsest map of a network up to the finest, with each on the way."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from headstart.core.maps import Map
from headstart.tasks._map_head import MapHead

WIDTHS = {2: 32, 4: 64}
USUAL_WIDTH = 96
"""Channels at the strides that cost most, and at the coarser ones."""


class Decoder(MapHead):
    """U-Net's decoder (Ronneberger et al. 2015, arXiv:1505.04597) on the maps of any network: → (N, C, h, w).

    ``h, w`` are those of the finest map. Convolutions are separable (Howard et al. 2017, arXiv:1704.04861), for a
    decoder on stored maps is all that runs in an epoch; the coarsest map is weighed by what the whole picture shows
    (Howard et al. 2019, arXiv:1905.02244, section 6.4).

    Parameters
    ----------
    maps : at least one, from fine to coarse. outputs : C.
    """

    def __init__(self, maps: Sequence[Map], outputs: int) -> None:
        super().__init__(maps)
        widths = [WIDTHS.get(each.stride, USUAL_WIDTH) for each in maps]
        self.lateral = nn.ModuleList(
            _normalised(nn.Conv2d(each.channels, width, 1, bias=False))
            for each, width in zip(maps, widths, strict=True)
        )
        self.context = nn.Conv2d(maps[-1].channels, widths[-1], 1)
        self.rise = nn.ModuleList(_Rise(above, own) for own, above in pairwise(widths))
        self.last = nn.Conv2d(widths[0], outputs, 1)

    def forward(self, maps: dict[str, Tensor]) -> Tensor:
        """Outputs at the places of the finest map."""
        given = [maps[each.name] for each in self.maps]
        seen = torch.sigmoid(self.context(given[-1].mean((2, 3), keepdim=True)))
        top = self.lateral[-1](given[-1]) * seen
        for place in range(len(given) - 2, -1, -1):
            top = self.rise[place](top, self.lateral[place](given[place]))
        return self.last(top)


class _Rise(nn.Module):
    """A coarse map (N, A, h, w) brought to the places of a finer one, (N, B, 2h, 2w), and joined with it."""

    def __init__(self, above: int, own: int) -> None:
        super().__init__()
        self.narrow = _normalised(nn.Conv2d(above, own, 1, bias=False))
        self.join = _normalised(nn.Conv2d(2 * own, own, 1, bias=False))
        self.look = _normalised(nn.Conv2d(own, own, 3, padding=1, groups=own, bias=False))
        self.mix = _normalised(nn.Conv2d(own, own, 1, bias=False))

    def forward(self, top: Tensor, finer: Tensor) -> Tensor:
        """Both joined."""
        top = functional.interpolate(self.narrow(top), size=finer.shape[2:], mode="bilinear", align_corners=False)
        joined = self.join(torch.cat([top, finer], dim=1))
        return joined + self.mix(self.look(joined))


def _normalised(convolution: nn.Conv2d) -> nn.Sequential:
    return nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels), nn.ReLU(inplace=True))
