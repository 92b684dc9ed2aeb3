"""Heads on directions: their formulas, by hand, and how they are written down and made again."""

from __future__ import annotations

import math

import pytest
import torch

from headstart.model.heads import CacheHead, DirectionHead, described, rebuilt
from headstart.model.network import set_linear
from headstart.tasks import TASKS

TASK = TASKS.load("classification")(["a", "b"], [1, 1])


def test_a_direction_head_gives_scaled_cosines() -> None:
    head = DirectionHead(2, 2)
    set_linear(head, 10 * torch.tensor([[1.0, 0.0], [0.6, 0.8]]), torch.zeros(2))
    # (3, 4) has length 5: cosines 0.6 and 0.36 + 0.64 = 1.
    assert torch.allclose(head(torch.tensor([[3.0, 4.0], [30.0, 40.0]])), torch.tensor([[6.0, 10.0]] * 2))


def test_a_cache_head_is_the_formula_of_tip_adapter() -> None:
    head = CacheHead(2, 2, entries=2)
    set_linear(head.names, torch.zeros(2, 2), torch.tensor([1.0, 0.0]))
    with torch.no_grad():
        head.keys.copy_(torch.tensor([[2.0, 0.0], [0.0, 1.0]]))
        head.votes.copy_(torch.eye(2))
        head.weight.fill_(3.0)
        head.sharpness.fill_(5.5)
    # The input points at the first key: 1 + 3 exp(0) for its class, 0 + 3 exp(-5.5 (1 - 0)) for the other.
    assert torch.allclose(head(torch.tensor([[7.0, 0.0]])), torch.tensor([[4.0, 3 * math.exp(-5.5)]]))


@pytest.mark.parametrize("head", [torch.nn.Linear(3, 2), DirectionHead(3, 2), CacheHead(3, 2, 4)])
def test_a_head_is_made_again_from_its_description(head: torch.nn.Module) -> None:
    again = rebuilt(described(head, 3), TASK)
    assert type(again) is type(head)
    again.load_state_dict(head.state_dict())
    features = torch.randn(5, 3)
    assert torch.equal(again(features), head(features))


def test_an_unknown_kind_of_head_is_an_error() -> None:
    with pytest.raises(ValueError, match="'mystery' are not known"):
        rebuilt({"features": 3, "kind": "mystery"}, TASK)
