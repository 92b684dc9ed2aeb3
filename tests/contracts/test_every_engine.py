"""Every engine that is available here gives what plain PyTorch gives, on pictures and on text."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from headstart.backbones import SOURCES
from headstart.backbones.base import Backbone, Batch, collate
from headstart.frozen.engines import ENGINES
from headstart.frozen.engines.base import Engine, agrees
from headstart.frozen.frontier import find_frontier
from headstart.model.freezing import FreezePlan
from toys import raw_inputs, toy_backbone, toy_network, toy_pictures, toy_task

CPU = torch.device("cpu")


def backbone_and_raw(modality: str) -> tuple[Backbone, list]:
    if modality == "image":
        return toy_backbone(), toy_pictures(5)[0]
    torch.manual_seed(0)
    return SOURCES.load("transformers_text")().tiny("bert"), raw_inputs("text", 5)


@pytest.fixture(params=["image", "text"])
def frozen(request: pytest.FixtureRequest) -> tuple[nn.Module, Batch, Batch]:
    """A frozen part, a first batch, and a second one of another size (and, for text, another length)."""
    backbone, raw = backbone_and_raw(request.param)
    tensors = [backbone.preprocess(each) for each in raw]
    first, second = collate(tensors[:3]), collate([tensors[0], tensors[2]])
    FreezePlan(toy_network(backbone, toy_task(["a", "b"])), 2).apply()
    module = find_frontier(backbone, first).frozen
    assert isinstance(module, nn.Module)
    return module, first, second


@pytest.fixture(params=ENGINES.names())
def engine(request: pytest.FixtureRequest) -> Engine:
    engine = ENGINES.load(request.param)()
    if not engine.available(CPU):
        pytest.skip(f"{request.param} is not available here")
    return engine


def test_it_agrees_with_the_plain_network(engine: Engine, frozen: tuple[nn.Module, Batch, Batch]) -> None:
    module, first, second = frozen
    plain = copy.deepcopy(module).eval()
    engine.prepare(module, first, CPU)
    for batch in (first, second, first):
        with torch.no_grad():
            expected = plain(batch)
        given = engine.run(batch)
        assert agrees(expected, given)
        for name, tensor in given.items():
            assert tensor.device == CPU
            assert not tensor.requires_grad
            assert tensor.shape == expected[name].shape


def test_it_leaves_the_weights_and_the_batch_as_they_were(
    engine: Engine, frozen: tuple[nn.Module, Batch, Batch]
) -> None:
    module, first, _ = frozen
    state = {name: value.clone() for name, value in module.state_dict().items()}
    batch = {name: tensor.clone() for name, tensor in first.items()}
    engine.prepare(module, first, CPU)
    engine.run(first)
    assert all(torch.equal(state[name], value) for name, value in module.state_dict().items())
    assert all(torch.equal(batch[name], tensor) for name, tensor in first.items())
