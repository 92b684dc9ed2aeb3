"""Gradient reversal, and the discriminator that tells domains apart behind it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

HIDDEN = 256


class _Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, strength: float) -> Tensor:  # type: ignore[override]
        ctx.strength = strength
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        return -ctx.strength * gradient, None


def reversed_gradient(values: Tensor, strength: float) -> Tensor:
    """`values` as they are; the gradient that comes back is multiplied by -`strength`.

    Ganin et al. 2016 (arXiv:1505.07818), section 4.2: what lies behind learns to tell domains apart, what lies
    before unlearns it, in one step.
    """
    reversed_: Tensor = _Reversed.apply(values, strength)
    return reversed_


def growing(progress: float) -> float:
    """2 / (1 + exp(-10 p)) - 1 (Ganin et al. 2016, section 5.2.2): nothing is unlearnt from a discriminator that
    knows nothing yet."""
    return 2 / (1 + math.exp(-10 * progress)) - 1


def discriminator(width: int) -> nn.Module:
    """(N, width) → (N, 1), above 0 where an example looks like one of the source."""
    return nn.Sequential(
        nn.Linear(width, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1)
    )


def domain_loss(source: Tensor, target: Tensor, weights: tuple[Tensor, Tensor] | None = None) -> Tensor:
    """The mean of both domains' binary cross-entropies, (N, 1) and (M, 1) answers of a discriminator.

    `weights` (N,) and (M,) of the examples have mean 1 in each domain.
    """
    losses = (
        functional.binary_cross_entropy_with_logits(source, torch.ones_like(source), reduction="none")[:, 0],
        functional.binary_cross_entropy_with_logits(target, torch.zeros_like(target), reduction="none")[:, 0],
    )
    if weights is not None:
        losses = (losses[0] * weights[0], losses[1] * weights[1])
    return (losses[0].mean() + losses[1].mean()) / 2
