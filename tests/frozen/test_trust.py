"""An engine that disagrees with plain PyTorch, or is not here, never runs the frozen part."""

from __future__ import annotations

import torch
from torch import nn

from headstart.frozen.engines.base import Engine, Tensors
from headstart.frozen.engines.eager import Eager
from headstart.frozen.trust import prepared
from toys import Said

CPU = torch.device("cpu")
SAMPLE = {"x": torch.arange(6.0).view(3, 2)}


class Doubling(nn.Module):
    def forward(self, batch: Tensors) -> Tensors:
        return {"y": batch["x"] * 2}


class Scaled(Engine):
    """Multiplies what the module gives by `factor`."""

    def __init__(self, factor: float = 1.0, here: bool = True) -> None:
        self.factor, self.here = factor, here

    def available(self, device: torch.device) -> bool:
        return self.here

    def prepare(self, module: nn.Module, sample: Tensors, device: torch.device) -> None:
        self.module = module

    def run(self, batch: Tensors) -> Tensors:
        return {name: tensor * self.factor for name, tensor in self.module(batch).items()}


def test_an_engine_that_agrees_is_used():
    said, engine = Said(), Scaled()
    assert prepared(engine, Doubling(), SAMPLE, CPU, said) is engine
    assert said.lines == []


def test_one_that_disagrees_is_replaced_and_that_is_said():
    said = Said()
    used = prepared(Scaled(1.01), Doubling(), SAMPLE, CPU, said)
    assert isinstance(used, Eager)
    assert torch.equal(used.run(SAMPLE)["y"], SAMPLE["x"] * 2)
    assert "Scaled gave other activations" in said.lines[0]


def test_one_that_is_not_here_is_replaced_and_that_is_said():
    said = Said()
    assert isinstance(prepared(Scaled(here=False), Doubling(), SAMPLE, CPU, said), Eager)
    assert "Scaled is not available here" in said.lines[0]
