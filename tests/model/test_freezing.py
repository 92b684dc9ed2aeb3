"""One plan owns what trains, and proves that nothing else did."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from headstart.core.errors import FrozenPartChanged, UsageError
from headstart.model.freezing import FreezePlan, Rates
from headstart.model.network import Network
from toys import toy_backbone, toy_network, toy_task


@pytest.fixture
def network() -> Network:
    return toy_network(toy_backbone(), toy_task(["a", "b"]))


def planned(network: Network, depth: int, extra: frozenset[str] = frozenset()) -> FreezePlan:
    plan = FreezePlan(network, depth, extra)
    plan.apply()
    return plan


def test_depth_counts_stages_and_the_head_always_trains(network: Network):
    for depth in range(5):
        plan = planned(network, depth)
        thawed = {f"backbone.{n}" for stage in network.backbone.stages()[depth:] for n in stage.parameters}
        assert {n for n, p in network.named_parameters() if p.requires_grad} == thawed | {"head.weight", "head.bias"}
        assert plan.trainable_parameters == sum(p.numel() for p in network.parameters() if p.requires_grad)


@pytest.mark.parametrize("depth", [-1, 5])
def test_a_depth_outside_the_stages_is_an_error(network: Network, depth: int):
    with pytest.raises(UsageError, match=rf"freeze depth {depth} is outside 0 … 4, the number of stages of toy/net"):
        FreezePlan(network, depth)


def test_a_plan_that_trains_nothing_is_an_error():
    network = Network(toy_backbone(), nn.Identity())
    with pytest.raises(UsageError, match="trains nothing"):
        FreezePlan(network, 4)
    assert FreezePlan(network, 3).trainable
    assert FreezePlan(network, 4, frozenset({"network.0.bias"})).trainable == {"backbone.network.0.bias"}


def test_train_puts_no_frozen_layer_in_training_mode(network: Network):
    planned(network, 2)
    for mode in (True, False, True):
        network.train(mode)
    layers = network.backbone.network
    frozen = [layer.training for layer in layers[:8]]
    assert not any(frozen), "batch normalisation and dropout of the first two blocks"
    assert all(layer.training for layer in layers[8:] if not isinstance(layer, nn.ReLU | nn.Flatten))
    assert network.head.training
    planned(network, 0)
    network.train()
    assert all(module.training for module in network.modules()), "a later plan thaws again"
    planned(network, 4)
    assert not any(module.training for module in network.backbone.modules())


def test_a_copy_keeps_its_own_layers_still(network: Network):
    planned(network, 2)
    copied = copy.deepcopy(network)
    copied.train()
    assert not copied.backbone.network[1].training
    assert copied.backbone.network[9].training


@pytest.mark.parametrize(
    "name",
    ["backbone.network.0.weight", "backbone.network.1.running_mean", "backbone.network.5.num_batches_tracked"],
)
def test_tampering_with_something_frozen_is_found_and_named(network: Network, name: str):
    plan = planned(network, 2)
    before = plan.snapshot()
    plan.verify(before)
    with torch.no_grad():
        tensor = network.state_dict()[name]
        tensor.view(-1)[0] = tensor.view(-1)[0] + (1 if tensor.dtype == torch.long else 1e-7)
    with pytest.raises(FrozenPartChanged, match=f"1 frozen parameters or buffers changed.*{name}"):
        plan.verify(before)


def test_what_is_thawed_may_change(network: Network):
    plan = planned(network, 2)
    before = plan.snapshot()
    with torch.no_grad():
        for name in ("backbone.network.8.weight", "backbone.network.9.running_mean", "head.bias"):
            network.state_dict()[name].add_(1)
    plan.verify(before)


def test_statistics_of_thawed_stages_stand_still_where_the_plan_says_so(network: Network):
    plan = FreezePlan(network, 0, statistics=False)
    plan.apply()
    before = plan.snapshot()
    network.train()
    network({"pixels": torch.randn(4, 3, 32, 32)}).sum().backward()
    assert "backbone.network.1.running_mean" in before
    assert network.backbone.network[1].weight.grad is not None, "its scale trains all the same"
    plan.verify(before)
    network.backbone.network[1].running_mean += 1
    with pytest.raises(FrozenPartChanged, match="running_mean"):
        plan.verify(before)


def test_a_frozen_tensor_that_vanished_or_changed_its_type_is_found(network: Network):
    plan = planned(network, 2)
    before = plan.snapshot()
    network.backbone.network[1].register_buffer("running_mean", None)
    with pytest.raises(FrozenPartChanged, match="running_mean"):
        plan.verify(before)
    network.backbone.network[1].register_buffer("running_mean", before["backbone.network.1.running_mean"].double())
    with pytest.raises(FrozenPartChanged, match="running_mean"):
        plan.verify(before)


def test_moving_and_frozen_state_are_everything_and_share_nothing(network: Network):
    plan = planned(network, 3)
    moving, frozen = plan.moving_state(), plan.frozen_state()
    assert not moving.keys() & frozen.keys()
    assert moving.keys() | frozen.keys() == network.state_dict().keys()
    assert "backbone.network.13.running_var" in moving
    saved = {name: value.clone() for name, value in moving.items()}
    with torch.no_grad():
        for value in moving.values():
            value.add_(1)
    plan.load_moving_state(saved)
    assert all(torch.equal(saved[name], value) for name, value in plan.moving_state().items())


def test_optimizer_groups_fall_towards_the_input_and_spare_biases_the_decay(network: Network):
    plan = planned(network, 1)
    groups = plan.optimizer_groups(Rates(backbone=0.1, head=1.0, weight_decay=0.05, layer_decay=0.5))
    named = {id(p): n for n, p in network.named_parameters()}
    found = {named[id(p)]: (g["lr"], g["weight_decay"], g["steps_down"]) for g in groups for p in g["params"]}
    assert found.keys() == plan.trainable
    assert found["head.weight"] == (1.0, 0.05, 0)
    assert found["head.bias"] == (1.0, 0.0, 0)
    # The last block is no step down, the one before half the rate, the second block a quarter.
    assert found["backbone.network.12.weight"] == (0.1, 0.05, 0)
    assert found["backbone.network.8.weight"] == (0.05, 0.05, 1)
    assert found["backbone.network.4.weight"] == (0.025, 0.05, 2)
    assert found["backbone.network.5.weight"] == (0.025, 0.0, 2), "the scale of a normalisation has one dimension"
