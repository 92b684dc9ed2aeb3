"""Single precision: nothing lets a GPU round what is multiplied in convolutions, for a block or a function."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from headstart.core.precision import single_precision
from headstart.delivery.artifact import load
from headstart.explanations import explain
from headstart.model.network import Network


@pytest.fixture(autouse=True)
def usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)


def test_what_was_allowed_before_is_allowed_afterwards_also_after_an_error() -> None:
    @single_precision()
    def divided(number: int) -> tuple[float, bool]:
        return 1 / number, torch.backends.cudnn.allow_tf32

    assert divided(2) == (0.5, False)
    assert torch.backends.cudnn.allow_tf32
    with pytest.raises(ZeroDivisionError):
        divided(0)
    assert torch.backends.cudnn.allow_tf32


def test_every_pass_of_an_explanation_has_it(
    photo_model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[bool] = set()
    pooled: Callable[[Network, dict[str, torch.Tensor]], torch.Tensor] = Network.pooled

    def noted(self: Network, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        seen.add(torch.backends.cudnn.allow_tf32)
        return pooled(self, batch)

    monkeypatch.setattr(Network, "pooled", noted)
    said = explain(load(photo_model, device="cpu"), photos / "lime" / "00.png", ["grad_cam"])
    assert said.inputs
    assert seen == {False}
