"""Supervised pretraining by hand: the loss of a head, which settings are refused, and that it needs targets."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from headstart.core.errors import UsageError
from headstart.pretraining.supervised import ByTargets, Supervised
from headstart.tasks import TASKS


class Whole(nn.Module):
    """Stands for a network whose features are what it is shown."""

    feature_size = 2

    def features(self, batch: dict[str, Tensor]) -> Tensor:
        return batch["pixels"]


def test_the_loss_by_hand() -> None:
    """Outputs 0 and log 3 of two classes: the second has probability 3/4, the first 1/4."""
    task = TASKS.load("classification").from_targets(["a", "b", "a", "b"])
    lesson = ByTargets(2, task, smoothing=0.0)
    with torch.no_grad():
        lesson.head.weight.copy_(torch.eye(2))
        lesson.head.bias.zero_()
    shown = {"pixels": torch.tensor([[0.0, math.log(3)], [0.0, math.log(3)]])}
    found = lesson(Whole(), shown, task.encode(["a", "b"]))
    assert found.item() == pytest.approx(-(math.log(1 / 4) + math.log(3 / 4)) / 2)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UsageError, match="learns from targets, and there are none"):
        Supervised().lesson(Whole(), None)
    with pytest.raises(UsageError, match=r"smoothing=1,smallest=0.08 cannot be"):
        Supervised(smoothing=1.0).check()
