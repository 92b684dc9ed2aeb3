"""The loss of several heads at once against each head's own, and derivatives against differences."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from headstart.strategies import _several_heads
from headstart.strategies._several_heads import SeveralHeads
from headstart.tasks import TASKS


def problem(count: int = 20, heads: int = 2) -> SeveralHeads:
    random = torch.Generator().manual_seed(0)
    task = TASKS.load("classification").from_targets(["a", "b", "c"])
    coordinates = torch.cat([torch.randn(count, 4, generator=random), torch.ones(count, 1)], dim=1)
    encoded = torch.randint(0, 3, (count,), generator=random)
    return SeveralHeads(task, coordinates, encoded, torch.rand(heads, count, generator=random))


def weights(heads: int = 2, seed: int = 1) -> Tensor:
    return torch.randn(heads * 3, 5, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(params=[7, 2**18], ids=["in many blocks", "in one block"])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(_several_heads, "BLOCK", request.param)
    return request.param


def test_the_loss_is_the_sum_of_each_heads_own(block: int):
    both, several = weights(), problem()
    outputs = several.outputs(both)
    alone = [
        float(several.task.loss(several.coordinates @ both[3 * i : 3 * i + 3].T, several.encoded, several.weights[i]))
        for i in range(2)
    ]
    assert several.loss(outputs) == pytest.approx(sum(alone), rel=1e-5)
    other = torch.stack([several.weights[0], torch.zeros(20)])
    assert several.loss(outputs, other) == pytest.approx(alone[0], rel=1e-5)


def test_loss_slope_and_gradient_along_a_step_are_autograds(block: int):
    both, towards, several = weights(), weights(seed=2), problem()
    outputs, change = several.outputs(both), several.outputs(towards)
    gradient = torch.empty_like(outputs)
    loss, slope = several.loss_along(outputs, 0.3, change, gradient)
    leaf = (both + 0.3 * towards).requires_grad_()
    wanted = sum(
        several.task.loss(several.coordinates @ leaf[3 * i : 3 * i + 3].T, several.encoded, several.weights[i])
        for i in range(2)
    )
    (by_weights,) = torch.autograd.grad(wanted, leaf)
    assert loss == pytest.approx(float(wanted.detach()), rel=1e-5)
    assert slope == pytest.approx(float((by_weights * towards).sum()), rel=1e-3)
    torch.testing.assert_close(several.pulled_back(gradient), by_weights, rtol=1e-3, atol=1e-5)


def test_the_curvature_of_squares_is_two_and_of_even_odds_a_quarter():
    """d²/do² (o - y)² = 2; for two classes p (1 - p) = 1/4 at equal outputs."""
    coordinates = torch.ones(500, 2)
    numbers = TASKS.load("regression").from_targets([0.0, 1.0, 2.5])
    squares = SeveralHeads(numbers, coordinates, torch.zeros(500), torch.ones(1, 500))
    assert squares.curvature(torch.zeros(500, 1)) == pytest.approx(2.0, rel=1e-3)
    two = TASKS.load("classification").from_targets(["a", "b"])
    odds = SeveralHeads(two, coordinates, torch.zeros(500, dtype=torch.long), torch.ones(1, 500))
    assert odds.curvature(torch.zeros(500, 2)) == pytest.approx(0.25, rel=0.15)


def test_moments_come_from_some_of_many_examples():
    several = problem(count=400, heads=1)
    wanted = several.coordinates[::20]
    torch.testing.assert_close(several.moments, wanted.T @ wanted / 20)
    few = problem(count=15, heads=1)
    torch.testing.assert_close(few.moments, few.coordinates.T @ few.coordinates / 15)
