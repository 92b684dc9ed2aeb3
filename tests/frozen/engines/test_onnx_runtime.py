"""ONNX Runtime: what fails is raised, and nothing is written to the terminal beside."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from headstart.frozen.engines import ENGINES


class OfTwo(nn.Module):
    """Of two examples alone: the first axis is written into the graph."""

    def forward(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {"y": torch.cat([batch["x"], torch.ones(2, 3)], 1)}


def test_what_fails_is_raised_and_not_written(capfd: pytest.CaptureFixture[str]) -> None:
    engine = ENGINES.load("onnx_runtime")()
    if not engine.available(torch.device("cpu")):
        pytest.skip("onnxruntime is not installed")
    engine.prepare(OfTwo(), {"x": torch.zeros(2, 4)}, torch.device("cpu"))
    assert engine.run({"x": torch.zeros(2, 4)})["y"].shape == (2, 7)
    capfd.readouterr()
    with pytest.raises(Exception, match="Concat"):
        engine.run({"x": torch.zeros(3, 4)})
    assert capfd.readouterr().err == ""
