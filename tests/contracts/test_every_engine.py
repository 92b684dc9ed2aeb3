"""Every engine that is available here gives what plain PyTorch gives, on pictures and on text."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import pytest
import torch
from torch import nn

from headstart.backbones import SOURCES
from headstart.backbones.base import Backbone, Batch, collate
from headstart.frozen._trial import _turn
from headstart.frozen.engines import ENGINES
from headstart.frozen.engines.base import Engine, agreement
from headstart.frozen.frontier import find_frontier
from headstart.model.freezing import FreezePlan
from quick_engines import CPU, SLOW
from toys import raw_inputs, toy_backbone, toy_network, toy_pictures, toy_task

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
CLOSE = 1e-5
"""What is asked of single precision here: the largest difference over the largest magnitude."""


def backbone_and_raw(modality: str) -> tuple[Backbone, list[Any]]:
    torch.manual_seed(0)
    if modality == "toy":
        return toy_backbone(), toy_pictures(5)[0]
    if modality == "image":
        return louder(SOURCES.load("torchvision")().tiny("mobilenet_v2")), raw_inputs("image", 5)
    return SOURCES.load("transformers_text")().tiny("bert"), raw_inputs("text", 5)


def louder(backbone: Backbone) -> Backbone:
    """With random weights a signal fades from layer to layer: to 1e-7 at last, which half precision does not hold."""
    for module in backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_var.fill_(0.5)
    return backbone


class Frozen(NamedTuple):
    """A frozen part, a first batch, and a second one of another size (and, for text, another length)."""

    kind: str
    module: nn.Module
    first: Batch
    second: Batch


class Prepared(NamedTuple):
    """An engine, the copies of a frozen part and of two batches that it is given, and what they were before."""

    engine: Engine
    module: nn.Module
    plain: nn.Module
    first: Batch
    second: Batch
    before: Frozen


@pytest.fixture(scope="module", params=["toy cut", "image features", "image cut", "text features", "text cut"])
def frozen(request: pytest.FixtureRequest) -> Frozen:
    modality, kind = request.param.split()
    backbone, raw = backbone_and_raw(modality)
    tensors = [backbone.preprocess(each) for each in raw]
    first, second = collate(tensors[:3]), collate([tensors[0], tensors[2]])
    depth = len(backbone.stages()) if kind == "features" else 2
    FreezePlan(toy_network(backbone, toy_task(["a", "b"])), depth).apply()
    module = find_frontier(backbone, first).frozen
    assert isinstance(module, nn.Module)
    return Frozen(request.param, module, first, second)


@pytest.fixture(scope="module", params=ENGINES.names())
def prepared(request: pytest.FixtureRequest, frozen: Frozen) -> Prepared:
    engine: Engine = ENGINES.load(request.param)()
    if not engine.available(DEVICE):
        pytest.skip(f"{request.param} is not available here")
    if engine.typical_preparation > SLOW and frozen.kind != "toy cut":
        pytest.skip(f"{request.param} takes {engine.typical_preparation:.0f} s to prepare: tried on one module")
    module, plain = copy.deepcopy(frozen.module), copy.deepcopy(frozen.module).eval()
    first, second = (
        {name: tensor.clone() for name, tensor in batch.items()} for batch in (frozen.first, frozen.second)
    )
    engine.prepare(module, first, DEVICE)
    return Prepared(engine, module, plain, first, second, frozen)


def test_it_agrees_with_the_plain_network(prepared: Prepared) -> None:
    engine, first = prepared.engine, prepared.first
    single = {name: tensor[1:2] for name, tensor in first.items()}
    for batch in (first, prepared.second, single, first):
        with torch.no_grad():
            expected = prepared.plain(batch)
        given = engine.run(batch)
        found = agreement(expected, given)
        assert found.within(engine.tolerance)
        assert engine.reduced or found.largest <= CLOSE
        for name, tensor in given.items():
            assert tensor.device == CPU
            assert not tensor.requires_grad
            assert tensor.shape == expected[name].shape
            assert tensor.is_contiguous()


def test_it_leaves_the_weights_and_the_batch_as_they_were(prepared: Prepared) -> None:
    prepared.engine.run(prepared.first)
    state, after = prepared.plain.state_dict(), prepared.module.state_dict()
    assert state.keys() == after.keys()
    assert all(torch.equal(state[name], value.cpu()) for name, value in after.items())
    for before, batch in ((prepared.before.first, prepared.first), (prepared.before.second, prepared.second)):
        assert all(torch.equal(before[name], tensor) for name, tensor in batch.items())


def test_outputs_outlive_the_next_batch(prepared: Prepared) -> None:
    kept = prepared.engine.run(prepared.first)
    copies = {name: tensor.clone() for name, tensor in kept.items()}
    changed = {n: t + 1 if t.is_floating_point() else t.flip(0) for n, t in prepared.first.items()}
    prepared.engine.run(changed)
    assert all(torch.equal(copies[name], tensor) for name, tensor in kept.items())


def test_every_engine_finds_its_turn() -> None:
    """What decides whether an engine is tried is no circle, so each comes after all of that."""
    engines = {name: ENGINES.load(name)() for name in ENGINES.names()}
    turns = sorted(engines, key=lambda name: _turn(name, engines, dict.fromkeys(engines, 1.0)))
    for name, engine in engines.items():
        assert all(turns.index(other) < turns.index(name) for other in engine.outdone_by | engine.rounds_like)
