"""A decoder in the form of a U: from the coarsest map of a network up to the finest, with each on the way."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from headstart.core.maps import Map
from headstart.tasks._map_head import MapHead

WIDTHS = {2: 16, 4: 48}
USUAL_WIDTH = 96
"""Channels at the strides that cost most, and at the coarser ones."""

NARROW = 32
"""Maps of fewer channels are only joined: there, convolutions would cost as much as all others together."""


class Decoder(MapHead):
    """The U of U-Net (Ronneberger et al. 2015, arXiv:1505.04597) on the maps of any network: → (N, C, h, w).

    ``h, w`` are those of the finest map. A decoder on stored maps is all that runs in an epoch, so it is light: maps
    are added, not put side by side (Chaurasia & Culurciello 2017, "LinkNet", arXiv:1707.03718), and convolutions are
    separable (Howard et al. 2017, arXiv:1704.04861). The coarsest map is weighed by what the whole picture shows
    (Howard et al. 2019, arXiv:1905.02244, section 6.4).

    Parameters
    ----------
    maps : at least one, from fine to coarse. outputs : C.
    """

    def __init__(self, maps: Sequence[Map], outputs: int) -> None:
        super().__init__(maps)
        widths = [WIDTHS.get(each.stride, USUAL_WIDTH) for each in maps]
        self.enter = _normalised(nn.Conv2d(maps[-1].channels, widths[-1], 1, bias=False))
        self.context = nn.Conv2d(maps[-1].channels, widths[-1], 1)
        self.rise = nn.ModuleList(
            _Rise(above, each.channels, own) for each, (own, above) in zip(maps, pairwise(widths), strict=False)
        )
        self.last = nn.Conv2d(widths[0], outputs, 1)

    def forward(self, maps: dict[str, Tensor]) -> Tensor:
        """Outputs at the places of the finest map."""
        given = [maps[each.name] for each in self.maps]
        seen = torch.sigmoid(self.context(given[-1].mean((2, 3), keepdim=True)))
        top = self.enter(given[-1]) * seen
        for rise, finer in zip(reversed(list(self.rise)), reversed(given[:-1]), strict=True):
            top = rise(top, finer)
        return self.last(top)


class _Rise(nn.Module):
    """A coarse map (N, A, h, w) brought to the places of a finer one (N, F, 2h, 2w), and joined with it."""

    def __init__(self, above: int, finer: int, own: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(above, own, 1, bias=False)
        self.lateral = nn.Conv2d(finer, own, 1, bias=False)
        self.join = nn.Sequential(nn.BatchNorm2d(own), nn.ReLU(inplace=True))
        self.look = None if own < NARROW else _separable(own)

    def forward(self, top: Tensor, finer: Tensor) -> Tensor:
        """Both joined."""
        risen = functional.interpolate(self.narrow(top), size=finer.shape[2:], mode="nearest")
        joined = self.join(risen + self.lateral(finer))
        return joined if self.look is None else joined + self.look(joined)


def _separable(channels: int) -> nn.Sequential:
    each = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
    return nn.Sequential(each, *_normalised(nn.Conv2d(channels, channels, 1, bias=False)))


def _normalised(convolution: nn.Conv2d) -> nn.Sequential:
    return nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels), nn.ReLU(inplace=True))
