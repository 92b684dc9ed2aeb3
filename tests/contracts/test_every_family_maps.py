"""In every family of pictures: maps by stride, and the two parts of a cut give those of the whole; or a refusal."""

from __future__ import annotations

import math

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
FRAME, LARGE = (96, 64), (192, 128)

OF_TEXTS = {"recurrent", "stacked_lstm", "transformers_entailment", "transformers_text"}
WITHOUT_MAPS = [name for name in FAMILIES if name.partition(":")[0] in OF_TEXTS]
WITH_MAPS = [name for name in FAMILIES if name not in WITHOUT_MAPS]

WITHOUT_PADDING = {"timm:inception_v3", "torchvision:inception_v3", "torchvision:squeezenet1_1"}
"""Their convolutions lose places at the borders: three of the finest map, fewer of those that follow."""

SHOWN_AT_THEIR_OWN = {"timm:mixer_s32_224"}
"""They take one size of picture, to which a frame is brought: a stride is the nearest to what a place shows."""

OF_MUCH = {"timm:inception_v3", "torchvision:inception_v3"}
"""Of a smaller picture nothing is left at their end."""


def frame_of(name: str) -> tuple[int, int]:
    return LARGE if name in OF_MUCH else FRAME


def made(name: str) -> Backbone:
    source, _, family = name.partition(":")
    torch.manual_seed(0)
    backbone: Backbone = SOURCES.load(source)().tiny(family).eval()
    return backbone


@pytest.fixture(scope="module", params=WITH_MAPS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def backbone(name: str) -> Backbone:
    return made(name).framed(frame_of(name))


class Sums(MapHead):
    """A parameter, so that there is something to train, times the sums of the maps."""

    def __init__(self, maps: list[Map]) -> None:
        super().__init__(maps)
        self.weight = nn.Parameter(torch.ones(len(maps), 1))

    def forward(self, maps: dict[str, Tensor]) -> Tensor:
        sums = torch.stack([maps[each.name].sum((1, 2, 3)) for each in self.maps], dim=1)
        return sums @ self.weight


def test_maps_have_the_strides_and_channels_they_say(name: str, backbone: Backbone) -> None:
    maps, frame = backbone.offered_maps(), frame_of(name)
    batch = collate([backbone.preprocess(raw) for raw in raw_inputs("image")])
    with torch.no_grad():
        given = backbone.maps(batch, [each.name for each in maps])
    width, height = (64, 64) if name in SHOWN_AT_THEIR_OWN else frame
    assert batch["pixels"].shape == (3, backbone.preprocess.channels, height, width)
    assert [each.stride for each in maps] == sorted({each.stride for each in maps})
    for each in maps:
        assert given[each.name].shape[:2] == (3, each.channels)
        if name in SHOWN_AT_THEIR_OWN:
            shown = math.sqrt(frame[0] * frame[1] / math.prod(given[each.name].shape[2:]))
            assert abs(math.log2(shown / each.stride)) <= 0.5
            continue
        for side, places in zip((frame[1], frame[0]), given[each.name].shape[2:], strict=True):
            lost = math.ceil(side / each.stride) - places
            assert 0 < lost <= 3 if name in WITHOUT_PADDING else lost == 0, each


@pytest.mark.parametrize("inception", sorted(OF_MUCH))
def test_places_lost_at_the_rim_hide_no_stride(inception: str) -> None:
    assert [each.stride for each in made(inception).framed(LARGE).offered_maps()] == [2, 4, 8, 16, 32]


def test_the_two_parts_give_the_maps_of_the_whole(backbone: Backbone) -> None:
    network = Network(backbone, Sums(backbone.offered_maps())).eval()
    batch = collate([backbone.preprocess(raw) for raw in raw_inputs("image")])
    with torch.no_grad():
        whole = backbone.maps(batch, network.maps)
    count = len(backbone.stages())
    for depth in sorted({1, count // 2, count - 1, count}):
        FreezePlan(network, depth).apply()
        frontier = find_frontier(backbone, batch, network.maps)
        with torch.no_grad():
            given = frontier.trained(frontier.frozen(batch))
        assert list(given) == list(network.maps)
        for map_name, wanted in whole.items():
            largest = float(wanted.abs().max().clamp_min(1e-30))
            assert float((given[map_name] - wanted).abs().max()) <= 1e-5 * largest


def test_what_has_no_places_refuses_maps() -> None:
    backbone = made("transformers_text:bert")
    for asked in (lambda: backbone.framed(FRAME), backbone.offered_maps, lambda: backbone.maps({}, [])):
        with pytest.raises(UsageError, match="gives no maps"):
            asked()


@pytest.mark.parametrize("refusing", WITHOUT_MAPS)
def test_what_takes_texts_gives_no_maps(refusing: str) -> None:
    with pytest.raises(UsageError, match="gives no maps"):
        made(refusing).framed(FRAME).offered_maps()
