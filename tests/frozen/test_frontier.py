"""Where the cut lies, on a network small enough to say it beforehand."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from headstart.backbones.base import Backbone, Batch, Stage
from headstart.frozen.frontier import find_frontier
from headstart.model.freezing import FreezePlan
from toys import toy_backbone, toy_network, toy_pictures, toy_task


@pytest.fixture
def batch() -> Batch:
    return {"pixels": torch.stack([torch.from_numpy(p) for p in toy_pictures(3)[0]])}


def frozen_at(depth: int, backbone: Backbone) -> Backbone:
    FreezePlan(toy_network(backbone, toy_task(["a", "b"])), depth).apply()
    return backbone


def test_the_cut_is_just_before_the_first_thawed_layer(batch: Batch):
    backbone = frozen_at(2, toy_backbone())
    frontier = find_frontier(backbone, batch)
    with torch.no_grad():
        (activation,) = frontier.frozen(batch).values()
        assert torch.equal(activation, backbone.network[:8](batch["pixels"]))
    assert frontier.state.keys() == {name.removeprefix("network.") for name in _held(backbone, 2)}


def _held(backbone: Backbone, depth: int) -> set[str]:
    return {name for stage in backbone.stages()[:depth] for name in (*stage.parameters, *stage.buffers)}


def test_cutting_leaves_every_module_in_its_mode(batch: Batch):
    backbone = frozen_at(2, toy_backbone())
    for index, module in enumerate(backbone.modules()):
        module.training = index % 3 == 0
    modes = [module.training for module in backbone.modules()]
    find_frontier(backbone, batch)
    assert [module.training for module in backbone.modules()] == modes


class Skipping(Backbone):
    """Adds its first activation to its last: a cut in between has two tensors."""

    feature_size = 4

    def __init__(self) -> None:
        super().__init__()
        whole = toy_backbone()
        self.card, self.preprocess = whole.card, whole.preprocess
        self.network = SkippingNetwork()

    def stages(self) -> list[Stage]:
        return [Stage(n, (f"network.{n}.weight", f"network.{n}.bias")) for n in ("first", "second", "third")]

    def features(self, batch: Batch) -> Tensor:
        return self.network(batch["pixels"])

    def depth_features(self, batch: Batch) -> Batch:
        return {"third": self.features(batch)}

    def describe(self) -> dict[str, Any]:
        return {}

    def traced(self) -> tuple[nn.Module, str]:
        return self.network, "pixels"


class SkippingNetwork(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = nn.Linear(192, 4), nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, pixels: Tensor) -> Tensor:
        first = self.first(pixels.view(pixels.shape[0], -1))
        dropped = functional.dropout(self.second(first).relu(), 0.5, self.training)
        return self.third(dropped) * first.shape[1] + first


def test_a_skip_over_the_cut_is_stored_too(batch: Batch):
    torch.manual_seed(0)
    backbone = frozen_at(2, Skipping()).eval()
    frontier = find_frontier(backbone, batch)
    with torch.no_grad():
        stored = frontier.frozen(batch)
        assert sorted(tuple(tensor.shape) for tensor in stored.values()) == [(3, 4), (3, 4)]
        assert torch.equal(frontier.trained(stored), backbone.features(batch))
        # Sizes are taken from the stored batch, not from the one the cut was found with.
        assert frontier.trained({name: tensor[:1] for name, tensor in stored.items()}).shape == (1, 4)


def test_a_cut_found_in_training_mode_is_the_same(batch: Batch):
    """A trace that met training mode would keep its dropout for ever, in evaluation too."""
    torch.manual_seed(0)
    backbone = frozen_at(2, Skipping()).train()
    frontier = find_frontier(backbone, batch)
    backbone.eval()
    with torch.no_grad():
        assert torch.equal(frontier.trained(frontier.frozen(batch)), backbone.features(batch))
