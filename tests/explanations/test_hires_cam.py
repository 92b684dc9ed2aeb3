"""HiResCAM against a map worked out by hand, and what it says of the box."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from headstart.core.maps import Map
from headstart.explanations._box_aim import BoxAim
from headstart.explanations._pixels import PixelParts
from headstart.explanations.base import Asked
from headstart.explanations.hires_cam import HiresCam
from headstart.model.network import Network
from headstart.tasks._map_head import MapHead
from headstart.tasks.detection import Detection
from toys import ToyBackbone, ToyPreprocess, toy_backbone

PIXELS = torch.randn(3, 8, 8, generator=torch.Generator().manual_seed(0))
TASK = Detection(["cat"], [1], (96, 96), 1)


class Given(ToyBackbone):
    """Two maps that do not depend on the pixels."""

    def __init__(self, fine: Tensor, coarse: Tensor) -> None:
        torch.nn.Module.__init__(self)
        self.card, self.preprocess = toy_backbone().card, ToyPreprocess()
        self.given = {"fine": fine, "coarse": coarse}

    def maps(self, batch: dict[str, Tensor], names: tuple[str, ...]) -> dict[str, Tensor]:
        return {name: self.given[name] for name in names}


class OnePlace(ToyBackbone):
    """Its coarse map has one place: the mean of what its last stage hands on."""

    def maps(self, batch: dict[str, Tensor], names: tuple[str, ...]) -> dict[str, Tensor]:
        return {"fine": torch.zeros(1, 2, 4, 4), "coarse": self.network[:-1](batch["pixels"])}


class Weighing(MapHead):
    """One place, whose log-odds are sums of the maps times weights."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__([Map("fine", 2, 2), Map("coarse", 1, 4)])
        self.weights = weights

    def forward(self, maps: dict[str, Tensor]) -> Tensor:
        odds = sum((maps[name] * weight).sum() for name, weight in self.weights.items())
        rest = torch.tensor([6.0, 6.0, 6.0, 6.0, 9.0, 0.5, 0.5, 8.0])
        return torch.cat([torch.as_tensor(odds).view(1), rest]).view(1, 1, 9)


def question(weights: dict[str, Tensor], backbone: ToyBackbone | None = None) -> Asked:
    fine = torch.arange(32.0).view(1, 2, 4, 4)
    network = Network(backbone or Given(fine, torch.ones(1, 1, 2, 2)), Weighing(weights)).eval()
    example = {"pixels": PIXELS}
    outputs = network.head(network.backbone.maps({"pixels": example["pixels"][None]}, ("fine", "coarse")))
    box = {"label": "cat", "score": 0.9, "edges": (0.0, 0.0, 0.5, 1.0)}
    parts = PixelParts(example, "pixels", network.backbone.preprocess)
    return Asked(network, example, BoxAim(TASK, {}, box, outputs.detach()), parts)


def test_each_place_counts_by_what_it_adds() -> None:
    """At (0, 1) of the fine map 1 · 2 + 17 · 1 = 19, times 16 places; what speaks against counts as nothing."""
    weight = torch.zeros(1, 2, 4, 4)
    weight[0, 0, 0, 1], weight[0, 1, 0, 1], weight[0, 1, 3, 3] = 2.0, 1.0, -1.0
    found = HiresCam().map(question({"fine": weight}))
    assert found.shape == (8, 8)
    # Bilinear from 4 to 8 places: three quarters squared remain at the nearest pixels within.
    assert found[1, 2].item() == pytest.approx(19 * 16 * 0.75**2, rel=1e-5)
    assert found[7, 7].item() == 0


def test_a_coarse_place_is_spread_over_its_pixels() -> None:
    """1 at one of 4 coarse places adds 4 over an average pixel of its quarter, and 16 · 1 at one of the fine."""
    coarse, fine = torch.zeros(1, 1, 2, 2), torch.zeros(1, 2, 4, 4)
    coarse[0, 0, 0, 0], fine[0, 0, 0, 1] = 1.0, 1.0
    assert HiresCam().map(question({"coarse": coarse})).sum().item() == pytest.approx(64, rel=1e-5)
    assert HiresCam().map(question({"fine": fine})).sum().item() == pytest.approx(64, rel=1e-5)


def test_of_a_map_of_one_place_it_looks_at_what_led_there() -> None:
    """The mean of channel 3 behind a ReLU has the slope 1/64 at each of 64 places: the map is that channel."""
    backbone = OnePlace()
    with torch.no_grad():
        backbone.network[-4].bias[3] -= backbone.network[:-3](PIXELS[None])[0, 3].median()  # half of it above nought
    weight = torch.zeros(1, 8, 1, 1)
    weight[0, 3] = 1.0
    asked = question({"coarse": weight}, backbone)
    found = HiresCam().map(asked)
    expected = backbone.network[:-3](asked.batch["pixels"])[0, 3].relu()
    assert 0 < int((expected > 0).sum()) < 64
    torch.testing.assert_close(found, expected.detach())


def test_it_says_how_much_lies_in_the_box() -> None:
    coarse = torch.zeros(1, 1, 2, 2)
    coarse[0, 0, :, 0] = 1.0
    asked = question({"coarse": coarse})
    *_, inside = HiresCam().checks(asked, HiresCam().explain(asked), curves=False)
    assert inside.name == "inside"
    assert inside.passed is None
    assert inside.value.value == pytest.approx((1 + 1 + 0.875 + 0.625) / 4, rel=1e-5)
    assert "which is 50 % of the picture" in inside.summary
