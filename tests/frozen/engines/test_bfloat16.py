"""Engines in bfloat16: on processors that multiply it, from single precision to single, and close enough."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from headstart.backbones import SOURCES
from headstart.core import precision
from headstart.core.precision import multiplies_bfloat16
from headstart.frozen.engines.base import Engine, Tensors, agreement
from headstart.frozen.engines.bfloat16 import Bfloat16
from headstart.frozen.engines.openvino_bfloat16 import OpenvinoBfloat16
from toys import Features, raw_inputs

CPU = torch.device("cpu")


@pytest.mark.parametrize(("able", "expected"), [("amx_bf16", True), ("bf16", True), ("avx512_f", False)])
def test_only_a_processor_that_multiplies_it_is_offered_them(
    monkeypatch: pytest.MonkeyPatch, able: str, expected: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"architecture": "any", "amx_bf16": False, able: True})
    assert multiplies_bfloat16() is expected
    engines: list[Engine] = [Bfloat16(), OpenvinoBfloat16()]
    assert Bfloat16().available(CPU) is expected
    assert expected or not any(engine.available(CPU) for engine in engines)
    assert not any(engine.available(torch.device("cuda")) for engine in engines)
    assert all(engine.reduced for engine in engines)


def test_every_instruction_that_counts_is_one_that_pytorch_knows() -> None:
    """Of x86 or of ARM: what this processor has is listed, whether or not it is there."""
    known = torch.cpu.get_capabilities()
    assert any(name in known for name in precision.MULTIPLY_BFLOAT16)


def test_it_gives_single_precision_of_eight_bits_and_leaves_the_weights_alone() -> None:
    module, engine = Features().eval(), Bfloat16()
    batch = {"pixels": torch.randn(5, 3, 8, 8, generator=torch.Generator().manual_seed(0))}
    before = copy.deepcopy(module.state_dict())
    engine.prepare(module, batch, CPU)
    with torch.no_grad():
        given, expected = engine.run(batch), module(batch)
    assert given["features"].dtype == torch.float32
    assert given["count"].equal(expected["count"])
    found = agreement(expected, given)
    assert found.within(Bfloat16.tolerance)
    assert found.largest > 1e-4, "or it was never in bfloat16"
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert engine.suits(module)
    assert not engine.suits(nn.Embedding(3, 2))


def test_a_transformer_keeps_what_it_says_of_texts() -> None:
    torch.manual_seed(0)
    backbone, engine = SOURCES.load("transformers_text")().tiny("bert"), Bfloat16()
    batch = {name: torch.stack([tensor]) for name, tensor in backbone.preprocess(raw_inputs("text", 1)[0]).items()}

    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone = backbone

        def forward(self, batch: Tensors) -> Tensors:
            return {"features": self.backbone.features(batch)}

    module = Whole().eval()
    engine.prepare(module, batch, CPU)
    with torch.no_grad():
        assert agreement(module(batch), engine.run(batch)).within(Bfloat16.tolerance)
