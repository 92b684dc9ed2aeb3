"""Feature-space augmentation: the formulas by hand, and what may not be touched."""

from __future__ import annotations

import pytest
import torch

from headstart.training.feature_augmentation import brightened, can_be_mixed, mixup


def test_mixup_is_the_weighted_sum_of_two_examples():
    torch.manual_seed(3)
    batch = {"f": torch.eye(4)}
    mixed, share, partner = mixup(batch, 0.4)
    assert 0 < share < 1
    assert torch.allclose(mixed["f"], share * torch.eye(4) + (1 - share) * torch.eye(4)[partner])


def test_token_ids_cannot_be_mixed():
    assert can_be_mixed({"f": torch.zeros(2, 3)})
    assert not can_be_mixed({"f": torch.zeros(2, 3), "ids": torch.zeros(2, 3, dtype=torch.long)})


def test_brightness_shifts_each_example_within_its_own_range(monkeypatch: pytest.MonkeyPatch):
    # By hand: [0, 1, 2, 4] scaled is [0, 0.25, 0.5, 1]; +0.5 clipped is [0.5, 0.75, 1, 1], times 4. [-1, 1] moves by
    # -0.25 of its width of 2, and what falls below stays at the bottom.
    monkeypatch.setattr(torch, "rand", lambda *size, **_: torch.tensor([[1.0], [0.25]]))
    batch = {"f": torch.tensor([[[0.0, 1.0], [2.0, 4.0]], [[-1.0, 1.0], [0.0, 0.0]]])}
    expected = torch.tensor([[[2.0, 3.0], [4.0, 4.0]], [[-1.0, 0.5], [-0.5, -0.5]]])
    assert torch.allclose(brightened(batch, 0.5)["f"], expected)


def test_brightness_leaves_ids_and_constant_activations_alone():
    batch = {"ids": torch.arange(6).view(2, 3), "same": torch.full((2, 3), 5.0)}
    bright = brightened(batch, 1.0)
    assert torch.equal(bright["ids"], batch["ids"])
    assert torch.allclose(bright["same"], batch["same"])
