"""Ways to balance the losses of several tasks: the papers' formulas against numbers by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from headstart.training.balancing import BALANCINGS, RATE, GradientSurgery, Plain, Uncertainty, without_conflicts


def parameter(*values: float) -> nn.Parameter:
    return nn.Parameter(torch.tensor(values))


def step(balancing: Plain, losses: Tensor, moving: list[nn.Parameter], extra: float = 0.0) -> list[list[float]]:
    """The gradients that a step leaves."""
    balancing.backward(losses, torch.tensor(extra), moving, lambda loss: loss.backward())
    return [each.grad.tolist() for each in moving if each.grad is not None]


def test_plain_is_the_mean():
    w = parameter(1.0, 2.0)
    assert step(Plain(2), torch.stack([3 * w[0], 5 * w[1]]), [w]) == [[1.5, 2.5]]


def test_uncertainty_weighs_by_the_learnt_variance():
    w, balancing = parameter(2.0), Uncertainty(2)
    balancing.load({"log_variance": torch.tensor([0.0, math.log(4)])})
    # (1/1 · 2w + 1/4 · 6w) / 2 = (2 + 1.5) / 2 at the weight of w
    assert step(balancing, torch.stack([2 * w[0], 6 * w[0]]), [w]) == [[pytest.approx(1.75)]]
    # The slopes of s: 1/2 - e^-s L = 1/2 - 4 and 1/2 - 12/4.
    wanted = [0.0 + RATE * 3.5, math.log(4) + RATE * 2.5]
    assert balancing.state()["log_variance"].tolist() == pytest.approx(wanted)


def test_the_variance_settles_where_it_equals_twice_the_loss():
    """∂/∂s (e^-s L + s / 2) = 0 at e^s = 2 L."""
    balancing, w = Uncertainty(2), parameter(1.0)
    for _ in range(2000):
        balancing.backward(torch.stack([0.2 * w[0], 3 * w[0]]), torch.tensor(0.0), [w], lambda loss: None)
    assert balancing.state()["log_variance"].exp().tolist() == pytest.approx([0.4, 6.0], rel=1e-3)


def test_conflicting_gradients_lose_what_goes_against_the_other():
    # g1 = (1, 0), g2 = (-1, 1): g1·g2 = -1; g1 + 1/2 g2 = (1/2, 1/2), g2 + 1 g1 = (0, 1).
    left = without_conflicts(torch.tensor([[1.0, 0.0], [-1.0, 1.0]]))
    assert left.tolist() == [[0.5, 0.5], [0.0, 1.0]]


def test_gradients_that_agree_stay_as_they_are():
    gradients = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]])
    assert torch.equal(without_conflicts(gradients), gradients)


def test_surgery_steps_along_the_mean_of_what_is_left():
    w, other = parameter(1.0, 1.0), parameter(1.0)
    losses = torch.stack([w[0], -w[0] + w[1]])  # gradients as above; no loss depends on the other parameter
    assert step(GradientSurgery(2), losses, [w, other]) == [[0.25, 0.75], [0.0]]


def test_surgery_is_done_on_what_tasks_share_and_on_no_head():
    """g1 = (1, 0), g2 = (-1, 1) of the trunk as above; each row of the head has its own task's slope."""
    trunk, head = parameter(1.0, 1.0), parameter(1.0, 1.0)
    losses = torch.stack([trunk[0] + 30 * head[0], -trunk[0] + trunk[1] + 50 * head[1]])
    assert step(GradientSurgery(2, [head]), losses, [trunk, head]) == [[0.25, 0.75], [15.0, 25.0]]


def test_surgery_keeps_what_belongs_to_no_task():
    w = parameter(1.0, 1.0)
    GradientSurgery(2).backward(torch.stack([w[0], w[1]]), 3 * w[0], [w], lambda loss: None)
    assert w.grad is not None
    assert w.grad.tolist() == [0.5 + 3, 0.5]


@pytest.mark.parametrize("name", BALANCINGS)
def test_one_task_is_stepped_along_its_own_gradient(name: str):
    w = parameter(1.0, 2.0)
    (gradient,) = step(BALANCINGS[name](1), torch.stack([3 * w[0] + w[1]]), [w])
    assert gradient == pytest.approx([3.0, 1.0])  # uncertainty starts with a weight of one
