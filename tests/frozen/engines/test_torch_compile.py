"""``torch.compile``: compiled once, for batches of several sizes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from headstart.frozen.engines.base import Tensors, agrees
from headstart.frozen.engines.torch_compile import TorchCompile

CPU = torch.device("cpu")


class Sums(nn.Module):
    """Numbers (N, L) and pixels (N, 2, 3, 3) → (N, 1) each."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.layer = nn.Embedding(9, 4), nn.Conv2d(2, 1, 3)

    def forward(self, batch: Tensors) -> Tensors:
        return {"text": self.table(batch["ids"]).sum((1, 2))[:, None], "map": self.layer(batch["pixels"]).flatten(1)}


def batch(count: int, length: int) -> Tensors:
    generator = torch.Generator().manual_seed(count)
    ids = torch.randint(0, 9, (count, length), generator=generator)
    return {"ids": ids, "pixels": torch.randn(count, 2, 3, 3, generator=generator)}


def test_neither_a_smaller_size_nor_a_length_is_compiled_anew(capfd: pytest.CaptureFixture[str]) -> None:
    engine, module = TorchCompile(), Sums().eval()
    if not engine.available(CPU):
        pytest.skip("there is no compiler here")
    engine.prepare(module, batch(5, 6), CPU)
    assert capfd.readouterr().err == "", "PyTorch remarks on a GPU that is not here"
    with torch.compiler.set_stance("fail_on_recompile"):
        for count, length in ((5, 6), (2, 6), (1, 6), (7, 3), (4, 9)):
            with torch.no_grad():
                expected = module(batch(count, length))
            assert agrees(expected, engine.run(batch(count, length)), engine.tolerance)
