"""Adapters that are heard, hold the rest still, and merge into the plain network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from headstart.backbones import SOURCES
from headstart.backbones.base import Backbone, collate
from headstart.core.errors import UsageError
from headstart.frozen.frontier import find_frontier
from headstart.ladder.ladder import Ladder
from headstart.strategies import _interpolation
from headstart.strategies.base import Climbed, Prepared
from headstart.strategies.low_rank import LowRank, merge_adapters
from headstart.training.workbench import Workbench
from toys import raw_inputs, toy_backbone, toy_bench, toy_network, toy_pictures

pytest.importorskip("peft", reason="low-rank adapters need peft")

SUBJECTS = [
    "toy",
    "timm:convnext_tiny",
    "torchvision:vit_b_16",
    "torchvision:swin_t",
    "transformers_text:bert",
    "transformers_text:gpt2",
]


def bench_of(name: str, folder: Path, held_out: int = 0) -> tuple[Backbone, Workbench]:
    torch.manual_seed(0)
    if name == "toy":
        backbone: Backbone = toy_backbone()
        raw, targets = toy_pictures(12)
    else:
        source, _, family = name.partition(":")
        backbone = SOURCES.load(source)().tiny(family)
        raw, targets = raw_inputs(backbone.card.modality, 12), ["a", "b"] * 6
    return backbone, toy_bench(backbone, folder, raw, targets, held_out)


def ready(backbone: Backbone, bench: Workbench, strategy: LowRank) -> Prepared:
    (rung,) = strategy.rungs(backbone, bench.task, 12)
    return strategy.prepare(rung, toy_network(backbone, bench.task), bench)


@pytest.mark.parametrize("name", SUBJECTS)
def test_every_adapter_is_heard_and_merging_changes_no_output(name: str, tmp_path: Path):
    backbone, bench = bench_of(name, tmp_path)
    names = backbone.state_dict().keys()
    network = (prepared := ready(backbone, bench, LowRank(rank=2))).network.eval()
    batch = collate([bench.train.tensors(i) for i in range(3)])
    frontier = find_frontier(network.backbone, batch)
    network.head(frontier.trained(frontier.frozen(batch))).square().sum().backward()
    adapters = {n: p for n, p in network.named_parameters() if ".lora_" in n}
    assert adapters
    assert all(p.grad is not None for p in adapters.values())
    assert prepared.plan.trainable == adapters.keys() | {"head.weight", "head.bias"}
    with torch.no_grad():
        plain = network(batch)
        for parameter in adapters.values():
            parameter.add_(0.05 * torch.randn_like(parameter))
        adapted = network(batch)
        merge_adapters(network)
        merged = network(batch)
    largest = float(adapted.abs().max())
    assert float((adapted - merged).abs().max()) <= 1e-5 * largest
    assert float((adapted - plain).abs().max()) > 1e-3 * largest
    assert network.backbone.state_dict().keys() == names


def test_an_adapter_that_has_learnt_nothing_changes_nothing(tmp_path: Path):
    backbone, bench = bench_of("toy", tmp_path)
    prepared = ready(backbone, bench, LowRank())
    batch = collate([bench.train.tensors(i) for i in range(3)])
    with torch.no_grad():
        given = prepared.network.eval().backbone.features(batch)
        torch.testing.assert_close(given, toy_backbone().features(batch))


def test_a_share_leaves_the_first_stages_frozen_and_out_of_the_trained_part(tmp_path: Path):
    backbone, bench = bench_of("toy", tmp_path)
    prepared = ready(backbone, bench, LowRank(share=0.5))
    adapted = {name.split(".lora_")[0] for name in prepared.plan.trainable if ".lora_" in name}
    assert adapted == {"backbone.network.8", "backbone.network.12"}
    frontier = find_frontier(prepared.network.backbone, bench.sample())
    assert not frontier.is_input
    before = prepared.plan.snapshot()
    assert {name for name in before if ".base_layer." in name} == {
        f"backbone.network.{i}.base_layer.{kind}" for i in (8, 12) for kind in ("weight", "bias")
    }
    after = LowRank(share=0.5, epochs=1).climb(prepared, bench).network.state_dict()
    given = {f"backbone.{name}": tensor for name, tensor in toy_backbone().state_dict().items()}
    merged = {name for name, tensor in given.items() if not torch.equal(after[name], tensor)}
    assert merged <= {"backbone.network.8.weight", "backbone.network.12.weight"}
    assert merged, "what was adapted moved by its adapter"


def test_the_base_weights_move_only_by_the_merge(tmp_path: Path):
    backbone, bench = bench_of("toy", tmp_path)
    prepared = ready(backbone, bench, LowRank(rank=1, epochs=3, learning_rate=0.05))
    before = prepared.network.state_dict()["backbone.network.4.base_layer.weight"].clone()
    normalisation = prepared.network.state_dict()["backbone.network.5.running_mean"].clone()
    climbed = LowRank().climb(prepared, bench)
    after = climbed.network.state_dict()
    change = (after["backbone.network.4.weight"] - before).flatten(1)
    assert change.abs().max() > 0
    assert torch.linalg.matrix_rank(change, rtol=1e-3) == 1
    assert torch.equal(after["backbone.network.5.running_mean"], normalisation)


def test_part_of_what_the_adapters_learnt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Half of the way is half of the merged change, and half of what the head moved; the share is remembered."""
    pictures, labels = toy_pictures(30)
    backbone = toy_backbone(dropout=0.0)
    bench = replace(toy_bench(backbone, tmp_path, pictures, labels, held_out=9), pretrained=backbone)
    (rung,) = LowRank().rungs(backbone, bench.task, 21)

    def climbed(strategy: LowRank, folder: str, share: float | None) -> Climbed:
        own = replace(bench, folder=tmp_path / folder)
        prepared = strategy.prepare(rung, toy_network(backbone, bench.task), own)
        return strategy.climb(replace(prepared, tuned_share=share), own)

    whole = climbed(LowRank(rank=1, epochs=2, learning_rate=0.05), "a", None)
    half = climbed(LowRank(rank=1, epochs=2, learning_rate=0.05), "b", 0.5)
    assert (whole.tuned_share, half.tuned_share) == (1.0, 0.5)
    tuned, between = whole.network.state_dict(), half.network.state_dict()
    before = backbone.state_dict()["network.4.weight"]
    name = "backbone.network.4.weight"
    assert not torch.equal(tuned[name], before)
    torch.testing.assert_close(between[name], (before + tuned[name]) / 2)
    monkeypatch.setattr(_interpolation, "choose", lambda way, bench: way.go(0.25) or 0.25)
    chosen = climbed(LowRank(rank=1, epochs=2, learning_rate=0.05, interpolate=True), "c", None)
    assert chosen.tuned_share == 0.25
    torch.testing.assert_close(chosen.network.state_dict()[name], 0.75 * before + 0.25 * tuned[name])


@pytest.mark.parametrize(("name", "share"), [("recurrent:awd_lstm", 1), ("stacked_lstm:bytes", 1), ("toy", 0.05)])
def test_where_no_layer_can_take_an_adapter_that_is_said(name: str, share: float, tmp_path: Path):
    """Recurrent layers take none, and a twentieth of four stages is none."""
    backbone, bench = bench_of(name, tmp_path, held_out=4)
    assert LowRank(share=share).rungs(backbone, bench.task, 12) == []
    with pytest.raises(UsageError, match=r"LowRank offers no rung on .* linear or convolutional layers"):
        Ladder([LowRank(share=share)], bench).rungs(toy_network(backbone, bench.task))
