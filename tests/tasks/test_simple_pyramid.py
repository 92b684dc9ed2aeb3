"""The maps made from one: their sizes, and heads for masks and boxes on them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from headstart.core.maps import Map
from headstart.tasks._map_head import MapHead
from headstart.tasks._simple_pyramid import SimplePyramid


class Sizes(MapHead):
    """Remembers the shapes of the maps that it is given."""

    def forward(self, maps: dict[str, Tensor]) -> Tensor:
        self.seen = {name: tuple(each.shape[1:]) for name, each in maps.items()}
        return maps[self.maps[0].name]


def test_each_map_has_the_stride_and_channels_that_the_head_was_told() -> None:
    pyramid = SimplePyramid(Map("map", 20, 16), (4, 8, 16, 32), Sizes)
    pyramid({"map": torch.randn(2, 20, 4, 6)})
    assert [each.name for each in pyramid.maps] == ["map"]
    head = pyramid.head
    assert isinstance(head, Sizes)
    told = {each.name: (each.channels, 64 // each.stride, 96 // each.stride) for each in head.maps}
    assert head.seen == told


def test_it_learns_from_one_coarse_map_what_lies_between_its_places() -> None:
    """A line of one place of the finest map, which the coarse map tells by its channels alone."""
    torch.manual_seed(0)
    pyramid = SimplePyramid(Map("map", 4, 16), (4, 8, 16), lambda maps: Line(maps))
    optimizer = torch.optim.Adam(pyramid.parameters(), 1e-2)
    given = torch.eye(4)[:, :, None, None].repeat(1, 1, 2, 2)
    wanted = torch.zeros(4, 1, 8, 8)
    for shift in range(4):
        wanted[shift, :, shift::4] = 1
    for _ in range(80):
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(pyramid({"map": given}), wanted)
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.1


class Line(MapHead):
    """A linear head on the finest map."""

    def __init__(self, maps: list[Map]) -> None:
        super().__init__(maps)
        self.last = nn.Conv2d(maps[0].channels, 1, 1)

    def forward(self, maps: dict[str, Tensor]) -> Tensor:
        return self.last(maps[self.maps[0].name])
