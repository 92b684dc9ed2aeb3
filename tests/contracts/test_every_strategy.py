"""Every strategy, on pictures and text: rungs from cheap to dear, a promise of cost, a plain network at the end."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from headstart.backbones import SOURCES
from headstart.backbones.base import Backbone
from headstart.core.errors import MissingDependency
from headstart.model.network import Network
from headstart.strategies import STRATEGIES
from headstart.strategies.base import Prepared, Strategy
from headstart.training.workbench import Workbench
from toys import raw_inputs, same_state, toy_backbone, toy_bench, toy_network, toy_pictures

COUNT, HELD_OUT = 30, 9


@pytest.fixture(params=STRATEGIES.names())
def strategy(request: pytest.FixtureRequest) -> Strategy:
    return STRATEGIES.load(request.param)()


@pytest.fixture(params=["image", "text", "words"])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Network, Workbench]:
    """A backbone under a new head, and examples for it."""
    backbone: Backbone
    if request.param == "image":
        backbone, (raw, targets) = toy_backbone(views=2), toy_pictures(COUNT)
    else:
        torch.manual_seed(0)
        backbone = SOURCES.load("transformers_text")().tiny("bert")
        raw, targets = raw_inputs("text", COUNT), [f"topic {i % 3}" for i in range(COUNT)]
        if request.param == "words":  # as a sentence encoder, and classes whose names mean something
            backbone.prompts = ("the {}",)
            targets = [("fox", "dog", "film")[i % 3] for i in range(COUNT)]
    bench = toy_bench(backbone, tmp_path / "bench", raw, targets, HELD_OUT)
    return toy_network(backbone, bench.task), bench


def prepared(strategy: Strategy, start: tuple[Network, Workbench], index: int) -> Prepared:
    network, bench = start
    rungs = strategy.rungs(network.backbone, bench.task, len(bench.train))
    if not rungs:
        assert strategy.needs
        pytest.skip(strategy.needs)
    if index and len(rungs) == 1:
        pytest.skip("its only rung is the cheapest")
    rung = rungs[index]
    try:
        return strategy.prepare(rung, network, bench)
    except MissingDependency as missing:
        pytest.skip(str(missing))


def test_its_rungs_go_from_cheap_to_dear_and_lie_within_the_backbone(
    strategy: Strategy, start: tuple[Network, Workbench]
) -> None:
    network, bench = start
    for examples in (10, 1000, 100_000):
        rungs = strategy.rungs(network.backbone, bench.task, examples)
        assert rungs or strategy.needs
        reach = [rung.reach for rung in rungs]
        assert reach == sorted(reach)
        assert all(0 <= each <= 1 for each in reach)
        assert len({rung.name for rung in rungs}) == len(rungs)
        for rung in rungs:
            assert STRATEGIES.load(rung.strategy) is type(strategy)
            assert 0 <= rung.freeze_depth <= len(network.backbone.stages())
            recipe = strategy.recipe(rung, network.backbone, bench.task, examples)
            assert recipe.epochs >= 1
            assert recipe.batch_size >= 1


@pytest.mark.parametrize("index", [0, -1], ids=["cheapest", "dearest"])
def test_it_climbs_to_a_plain_network_and_leaves_its_start_alone(
    strategy: Strategy, start: tuple[Network, Workbench], index: int
) -> None:
    network, bench = start
    before = {name: value.clone() for name, value in network.state_dict().items()}
    ready = strategy.again(prepared(strategy, start, index), epochs=2)
    ready_before = {name: value.clone() for name, value in ready.network.state_dict().items()}
    cost = strategy.predicted_cost(ready, bench)
    assert 0 < cost.of(2) < math.inf
    after = ready.network.state_dict()
    assert all(torch.equal(after[name], value) for name, value in ready_before.items()), "predicting moved something"
    climbed = strategy.climb(ready, bench)
    assert climbed.network.backbone.state_dict().keys() == network.backbone.state_dict().keys()
    needs_none = strategy.from_names(network.backbone, bench.task) is not None
    assert (climbed.trainable_parameters > 0) is not needs_none
    outputs = bench.outputs(climbed.network, bench.validation, keep=False)
    assert outputs.shape == (HELD_OUT, bench.task.outputs)
    assert torch.isfinite(outputs).all()
    assert all(torch.equal(network.state_dict()[name], value) for name, value in before.items())
    assert not same_state(climbed.network.head, network.head), "the head has learnt"
    for figures in climbed.curve:
        assert {"epoch", "train_loss", "validation_loss", bench.task.watched} <= figures.keys()


def test_it_trains_on_every_example_too(strategy: Strategy, start: tuple[Network, Workbench]) -> None:
    network, bench = start
    whole = bench.whole()
    assert len(whole.train) == COUNT
    assert whole.validation is None
    climbed = strategy.climb(strategy.again(prepared(strategy, (network, whole), 0), epochs=1), whole)
    assert len(climbed.curve) <= 1
    assert torch.isfinite(bench.outputs(climbed.network, bench.train, keep=False)).all()
