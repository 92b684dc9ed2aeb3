"""Engines of single precision do not let a GPU round what is multiplied in convolutions."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from headstart.frozen.engines.base import Engine, Tensors
from headstart.frozen.engines.channels_last import ChannelsLast
from headstart.frozen.engines.eager import Eager

CPU = torch.device("cpu")


class Asking(nn.Module):
    """Tells whether convolutions may be rounded while it runs."""

    def forward(self, batch: Tensors) -> Tensors:
        return {"rounded": torch.full((len(batch["pixels"]),), int(torch.backends.cudnn.allow_tf32))}


@pytest.mark.parametrize("engine", [Eager(), ChannelsLast()], ids=lambda engine: type(engine).__name__)
def test_convolutions_are_not_rounded_meanwhile_and_may_be_afterwards(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    batch = {"pixels": torch.zeros(2, 3, 4, 4)}
    engine.prepare(Asking(), batch, CPU)
    assert engine.run(batch)["rounded"].tolist() == [0, 0]
    assert torch.backends.cudnn.allow_tf32
