"""In every family of pictures: maps by stride, and the two parts of a cut give those of the whole; or a refusal."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from headstart.backbones import SOURCES
from headstart.backbones.base import Backbone, collate
from headstart.core.errors import UsageError
from headstart.core.maps import Map
from headstart.frozen.frontier import find_frontier
from headstart.model.freezing import FreezePlan
from headstart.model.network import Network
from headstart.tasks.base import MapHead
from toys import raw_inputs

FAMILIES = [f"{source}:{family}" for source in SOURCES.names() for family in SOURCES.load(source)().families()]
FRAME = (192, 128)


def made(name: str) -> Backbone:
    source, _, family = name.partition(":")
    torch.manual_seed(0)
    backbone: Backbone = SOURCES.load(source)().tiny(family).eval()
    return backbone


def framed(name: str) -> Backbone:
    backbone = made(name)
    try:
        return backbone.framed(FRAME)
    except UsageError:
        pytest.skip("it takes no whole pictures, and says so")


def offered(backbone: Backbone) -> list[Map]:
    try:
        return backbone.offered_maps()
    except UsageError:
        pytest.skip("it gives no maps, and says so")


class Sums(MapHead):
    """A parameter, so that there is something to train, times the sums of the maps."""

    def __init__(self, maps: list[Map]) -> None:
        super().__init__(maps)
        self.weight = nn.Parameter(torch.ones(len(maps), 1))

    def forward(self, maps: dict[str, Tensor]) -> Tensor:
        sums = torch.stack([maps[each.name].sum((1, 2, 3)) for each in self.maps], dim=1)
        return sums @ self.weight


@pytest.mark.parametrize("name", FAMILIES)
def test_maps_have_the_strides_and_channels_they_say(name: str) -> None:
    backbone = framed(name)
    maps = offered(backbone)
    batch = collate([backbone.preprocess(raw) for raw in raw_inputs("image")])
    given = backbone.maps(batch, [each.name for each in maps])
    assert batch["pixels"].shape == (3, backbone.preprocess.channels, FRAME[1], FRAME[0])
    assert [each.stride for each in maps] == sorted({each.stride for each in maps})
    for each in maps:
        assert given[each.name].shape[:2] == (3, each.channels)
        for side, places in zip((FRAME[1], FRAME[0]), given[each.name].shape[2:], strict=True):
            assert abs(places - side / each.stride) <= 4  # convolutions without padding cost places at the borders


@pytest.mark.parametrize("name", FAMILIES)
def test_the_two_parts_give_the_maps_of_the_whole(name: str) -> None:
    backbone = framed(name)
    network = Network(backbone, Sums(offered(backbone))).eval()
    batch = collate([backbone.preprocess(raw) for raw in raw_inputs("image")])
    whole = backbone.maps(batch, network.maps)
    count = len(backbone.stages())
    for depth in sorted({1, count // 2, count - 1, count}):
        FreezePlan(network, depth).apply()
        frontier = find_frontier(backbone, batch, network.maps)
        given = frontier.trained(frontier.frozen(batch))
        assert list(given) == list(network.maps)
        for map_name, wanted in whole.items():
            assert float((given[map_name] - wanted).detach().abs().max()) <= 1e-5 * float(
                wanted.detach().abs().max().clamp_min(1e-30)
            )


def test_what_has_no_places_refuses_maps() -> None:
    backbone = made("transformers_text:bert")
    for asked in (lambda: backbone.framed(FRAME), backbone.offered_maps, lambda: backbone.maps({}, [])):
        with pytest.raises(UsageError, match="gives no maps"):
            asked()
