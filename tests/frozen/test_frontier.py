"""Where the cut lies, on a network small enough to say it beforehand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from headstart.backbones import SOURCES
from headstart.backbones.base import Backbone, Batch, LayerRun, Stage, collate
from headstart.frozen._layer_cut import BeforeLayer
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


class Rows(Backbone):
    """Three layers in a row; the features are the sum of what all of them give, or what the last one gives."""

    feature_size = 4

    def __init__(self, summed: bool) -> None:
        super().__init__()
        whole = toy_backbone()
        self.card, self.preprocess, self.summed = whole.card, whole.preprocess, summed
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))

    def stages(self) -> list[Stage]:
        return [Stage(f"{i}", (f"layers.{i}.weight", f"layers.{i}.bias")) for i in range(3)]

    def features(self, batch: Batch) -> Tensor:
        hidden, total = batch["pixels"].flatten(1)[:, :4], torch.zeros(())
        for layer in self.layers:
            hidden = layer(hidden)
            total = total + hidden
        return total if self.summed else hidden

    def depth_features(self, batch: Batch) -> Batch:
        return {"2": self.features(batch)}

    def describe(self) -> dict[str, Any]:
        return {}

    def layer_run(self) -> LayerRun:
        return LayerRun(self, "layers", "input")


@pytest.mark.parametrize("summed", [False, True])
def test_parts_that_are_another_function_than_the_whole_are_refused(summed: bool, batch: Batch):
    torch.manual_seed(0)
    backbone = frozen_at(1, Rows(summed)).eval()
    frontier = find_frontier(backbone, batch)
    assert frontier.is_input is summed
    assert ("gives other features where it is cut" in frontier.refused) is summed
    with torch.no_grad():
        assert torch.equal(frontier.trained(frontier.frozen(batch)), backbone.features(batch))


def test_the_frozen_part_runs_once_to_find_the_cut_and_to_prove_it(batch: Batch, monkeypatch: pytest.MonkeyPatch):
    plain, frozen = BeforeLayer.forward, []

    def noted(self: BeforeLayer, given: Batch) -> Batch:
        frozen.append(self.index)
        return plain(self, given)

    monkeypatch.setattr(BeforeLayer, "forward", noted)
    assert find_frontier(frozen_at(2, Rows(summed=False)).eval(), batch).cut == "layer-2"
    assert frozen == [2]


def test_what_a_forward_does_after_its_first_layer_is_not_done_after_the_cut(tmp_path: Path):
    """DeBERTa's larger models convolve the tokens after layer 0, which they know by its number."""
    source = SOURCES.load("transformers_text")()
    described = source.tiny("deberta-v2").describe()
    source.tiny("deberta-v2").save_assets(tmp_path)
    convolved = {**described["config"], "conv_kernel_size": 3, "conv_act": "gelu"}
    torch.manual_seed(0)
    backbone = frozen_at(3, source.rebuild({**described, "config": convolved}, tmp_path)).eval()
    texts = collate([backbone.preprocess(text) for text in ("the quick brown fox", "see you at home tonight")])
    frontier = find_frontier(backbone, texts)
    assert frontier.cut == "layer-2"
    with torch.no_grad():
        assert torch.equal(frontier.trained(frontier.frozen(texts)), backbone.features(texts))
