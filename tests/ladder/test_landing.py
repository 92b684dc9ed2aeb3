"""A finished rung on disk is whole, and read back it is the same."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file

from headstart.core.results import Figure, RungResult
from headstart.ladder.landing import Landing, load_landing, save_landing
from headstart.model.network import Network
from toys import same_state, toy_backbone, toy_network, toy_task

TASK = toy_task(["a", "b"])


def landing(network: Network) -> Landing:
    curve = [{"epoch": 1.0, "train_loss": 0.1 + 0.2}]
    result = RungResult("last", "fine_tuning", 3, 1.5, 2.5, 9, {"accuracy": Figure(0.9, 0.8, 1.0)}, curve=curve)
    return Landing(network, torch.randn(5, 2), result, best_epochs=4, start=0, choosing=0.5, planned=7)


def test_read_back_it_is_the_same(tmp_path: Path):
    network = toy_network(toy_backbone(seed=1), TASK, seed=2)
    network.backbone.network[1].running_mean.fill_(3.0)
    before = landing(network)
    start = toy_network(toy_backbone(seed=7), TASK)
    save_landing(tmp_path / "rung", before, start)
    after = load_landing(tmp_path / "rung", start, TASK)
    assert after is not None
    assert same_state(after.network, network)
    assert torch.equal(after.outputs, before.outputs)
    assert after.result == before.result
    assert (after.best_epochs, after.start) == (4, 0)
    assert (after.choosing, after.training_seconds, after.planned) == (0.5, 2.0, 7)
    assert not after.network.training
    assert not after.network.head_is_new
    assert same_state(start.backbone, toy_backbone(seed=7)), "the start is left alone"


def test_a_head_that_reads_several_depths_gets_its_width_back(tmp_path: Path):
    network = Network(toy_backbone(), TASK.head(14), ("block1", "block3"))
    start = toy_network(toy_backbone(), TASK)
    save_landing(tmp_path / "rung", landing(network), start)
    after = load_landing(tmp_path / "rung", start, TASK)
    assert after is not None
    assert after.network.depths == ("block1", "block3")
    assert same_state(after.network, network)


def test_one_that_was_never_finished_is_none(tmp_path: Path):
    start = toy_network(toy_backbone(), TASK)
    assert load_landing(tmp_path / "rung", start, TASK) is None
    (tmp_path / ".rung.abc").mkdir()
    assert load_landing(tmp_path / "rung", start, TASK) is None


def test_what_did_not_move_is_not_written(tmp_path: Path):
    """A head alone; or also one bias, of which not even the sign of a nought is lost, and a counter."""
    start, network = (toy_network(toy_backbone(), TASK, seed) for seed in (0, 1))
    save_landing(tmp_path / "head", landing(network), start)
    assert set(load_file(tmp_path / "head" / "network.safetensors")) == {"head.weight", "head.bias"}
    with torch.no_grad():
        start.backbone.network[1].bias.zero_()
        network.backbone.network[1].bias.zero_().neg_()
        network.backbone.network[1].num_batches_tracked += 1
    save_landing(tmp_path / "more", landing(network), start)
    moved = set(load_file(tmp_path / "more" / "network.safetensors")) - {"head.weight", "head.bias"}
    assert moved == {"backbone.network.1.bias", "backbone.network.1.num_batches_tracked"}
    after = load_landing(tmp_path / "more", start, TASK)
    assert after is not None
    assert same_state(after.network, network)
    assert after.network.backbone.network[1].bias.signbit().all()


def test_it_does_not_go_on_with_another_backbone(tmp_path: Path):
    start = toy_network(toy_backbone(), TASK)
    save_landing(tmp_path / "rung", landing(start), start)
    assert load_landing(tmp_path / "rung", toy_network(toy_backbone(seed=3), TASK), TASK) is None
