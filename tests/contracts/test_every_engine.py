"""Every engine that is available here gives what plain PyTorch gives, on pictures and on text."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import nn

from headstart.backbones import SOURCES
from headstart.backbones.base import Backbone, Batch, collate
from headstart.frozen.engines import ENGINES
from headstart.frozen.engines.base import Engine, agreement
from headstart.frozen.frontier import find_frontier
from headstart.model.freezing import FreezePlan
from toys import raw_inputs, toy_backbone, toy_network, toy_pictures, toy_task

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
CPU = torch.device("cpu")
CLOSE = 1e-5
"""What is asked of single precision here: the largest difference over the largest magnitude."""

SLOW = 10.0
"""Seconds of preparation from which an engine is tried on one kind of module only."""


def backbone_and_raw(modality: str) -> tuple[Backbone, list[Any]]:
    torch.manual_seed(0)
    if modality == "toy":
        return toy_backbone(), toy_pictures(5)[0]
    if modality == "image":
        return SOURCES.load("torchvision")().tiny("mobilenet_v2"), raw_inputs("image", 5)
    return SOURCES.load("transformers_text")().tiny("bert"), raw_inputs("text", 5)


@pytest.fixture(params=["toy cut", "image features", "image cut", "text features", "text cut"])
def frozen(request: pytest.FixtureRequest) -> tuple[nn.Module, Batch, Batch]:
    """A frozen part, a first batch, and a second one of another size (and, for text, another length)."""
    modality, kind = request.param.split()
    backbone, raw = backbone_and_raw(modality)
    tensors = [backbone.preprocess(each) for each in raw]
    first, second = collate(tensors[:3]), collate([tensors[0], tensors[2]])
    depth = len(backbone.stages()) if kind == "features" else 2
    FreezePlan(toy_network(backbone, toy_task(["a", "b"])), depth).apply()
    module = find_frontier(backbone, first).frozen
    assert isinstance(module, nn.Module)
    return module, first, second


@pytest.fixture(params=ENGINES.names())
def engine(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = ENGINES.load(request.param)()
    if not engine.available(DEVICE):
        pytest.skip(f"{request.param} is not available here")
    if engine.typical_preparation > SLOW and "toy cut" not in str(request.node.name):
        pytest.skip(f"{request.param} takes {engine.typical_preparation:.0f} s to prepare: tried on one module")
    return engine


def test_it_agrees_with_the_plain_network(engine: Engine, frozen: tuple[nn.Module, Batch, Batch]) -> None:
    module, first, second = frozen
    plain = copy.deepcopy(module).eval()
    engine.prepare(module, first, DEVICE)
    single = {name: tensor[1:2] for name, tensor in first.items()}
    for batch in (first, second, single, first):
        with torch.no_grad():
            expected = plain(batch)
        given = engine.run(batch)
        found = agreement(expected, given)
        assert found.within(engine.tolerance)
        assert engine.reduced or found.largest <= CLOSE
        for name, tensor in given.items():
            assert tensor.device == CPU
            assert not tensor.requires_grad
            assert tensor.shape == expected[name].shape
            assert tensor.is_contiguous()


def test_it_leaves_the_weights_and_the_batch_as_they_were(
    engine: Engine, frozen: tuple[nn.Module, Batch, Batch]
) -> None:
    module, first, _ = frozen
    state = {name: value.clone() for name, value in module.state_dict().items()}
    batch = {name: tensor.clone() for name, tensor in first.items()}
    engine.prepare(module, first, DEVICE)
    engine.run(first)
    assert all(torch.equal(state[name], value.cpu()) for name, value in module.state_dict().items())
    assert all(torch.equal(batch[name], tensor) for name, tensor in first.items())


def test_outputs_outlive_the_next_batch(engine: Engine, frozen: tuple[nn.Module, Batch, Batch]) -> None:
    module, first, _ = frozen
    engine.prepare(module, first, DEVICE)
    kept = engine.run(first)
    copies = {name: tensor.clone() for name, tensor in kept.items()}
    changed = {n: t + 1 if t.is_floating_point() else t.flip(0) for n, t in first.items()}
    engine.run(changed)
    assert all(torch.equal(copies[name], tensor) for name, tensor in kept.items())
