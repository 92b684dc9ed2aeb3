"""The loss of several linear heads at once, which see the same examples with different weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional

from headstart.tasks.base import Task

BLOCK = 2**18
"""Outputs whose loss is taken at a time, so that its intermediate results stay in the processor's cache."""

ROWS_FOR_EACH = 4
"""The second moments are estimated from this many examples for each coordinate: they only speed the descent up."""

PROBED = 2**20
"""Outputs from which the curvature of the loss is estimated."""


@dataclass(frozen=True)
class SeveralHeads:
    """F linear heads, the folds of a cross-validation say, as one problem: Σ_f mean_i w_fi ℓ(W_f x_i, y_i).

    One matrix product serves them all, and a product with 5 × 10 columns takes hardly longer than one with 10.
    Their weights lie one below the other, (F C, R + 1), and their outputs side by side, (N, F C).

    Parameters
    ----------
    coordinates : (N, R + 1), the last column 1. encoded : N encoded targets. weights : (F, N).
    """

    task: Task
    coordinates: Tensor
    encoded: Tensor
    weights: Tensor

    @property
    def start(self) -> Tensor:
        """Weights that are all nought."""
        return torch.zeros(len(self.weights) * self.task.outputs, self.coordinates.shape[1])

    def weighted(self, weights: Tensor) -> SeveralHeads:
        """Heads on the same examples with other `weights` (F, N); what is known of the coordinates stays known."""
        other = replace(self, weights=weights)
        vars(other)["moments"] = self.moments
        return other

    def outputs(self, both: Tensor) -> Tensor:
        """(F C, R + 1) → (N, F C)."""
        return functional.linear(self.coordinates, both)

    def pulled_back(self, gradient: Tensor) -> Tensor:
        """The gradient by outputs (N, F C) as the gradient by weights (F C, R + 1)."""
        return gradient.T @ self.coordinates  # the other way round this product takes ten times as long

    def loss(self, outputs: Tensor, weights: Tensor | None = None) -> float:
        """Sum of the F mean losses, with other `weights` (F, N) if given."""
        weights = self.weights if weights is None else weights
        with torch.no_grad():
            return sum(float(self._loss(outputs[rows], weights, rows)[0]) for rows in self._blocks)

    def loss_along(self, outputs: Tensor, step: float, change: Tensor, gradient: Tensor) -> tuple[float, float]:
        """The loss at ``outputs + step * change`` and its derivative by `step`; fills `gradient` (N, F C)."""
        total = slope = 0.0
        for rows in self._blocks:
            loss, gradient[rows] = self._slope(torch.add(outputs[rows], change[rows], alpha=step), rows)
            slope += float(gradient[rows].flatten() @ change[rows].flatten())
            total += loss
        return total, slope

    def curvature(self, outputs: Tensor) -> float:
        """The mean second derivative of an example's loss by one of its outputs, where they are `outputs`.

        Hutchinson's estimate: E vᵀ H v = trace H for random signs v; H v from a difference of two gradients.
        """
        nearness = 0.1
        generator = torch.Generator().manual_seed(0)
        total, seen = 0.0, 0
        stride = -(-outputs.numel() // PROBED)
        for rows in self._blocks[::stride]:
            here = outputs[rows]
            signs = torch.randint(0, 2, here.shape, generator=generator).to(here.dtype) * 2 - 1
            change = self._slope(here + nearness * signs, rows)[1] - self._slope(here, rows)[1]
            total += float((change * signs).sum()) / nearness
            seen += len(here)
        return max(total, 0.0) * len(self.coordinates) / max(seen * outputs.shape[1], 1)

    @cached_property
    def moments(self) -> Tensor:
        """Second moments of the coordinates, (R + 1, R + 1), from some of the examples."""
        stride = max(1, len(self.coordinates) // (ROWS_FOR_EACH * self.coordinates.shape[1]))
        some = self.coordinates[::stride]
        return some.T @ some / len(some)

    @cached_property
    def _blocks(self) -> list[slice]:
        step = max(1, BLOCK // (len(self.weights) * self.task.outputs))
        return [slice(i, min(i + step, len(self.coordinates))) for i in range(0, len(self.coordinates), step)]

    def _slope(self, outputs: Tensor, rows: slice) -> tuple[float, Tensor]:
        """The rows' part of the loss, and its gradient by their outputs."""
        loss, leaf = self._loss(outputs, self.weights, rows, learning=True)
        (gradient,) = torch.autograd.grad(loss, leaf)
        heads = len(self.weights)
        return float(loss.detach()), gradient.view(heads, len(outputs), -1).transpose(0, 1).reshape(outputs.shape)

    def _loss(self, outputs: Tensor, weights: Tensor, rows: slice, learning: bool = False) -> tuple[Tensor, Tensor]:
        """The rows' part of the loss, as the task has it, and what it was taken from: (F rows, C)."""
        heads, count = len(weights), len(outputs)
        leaf = outputs.view(count, heads, -1).transpose(0, 1).reshape(heads * count, -1).detach()
        leaf = leaf.requires_grad_(learning)
        encoded = self.encoded[rows]
        encoded = encoded.repeat(heads, *[1] * (encoded.dim() - 1)) if heads > 1 else encoded
        mean = self.task.loss(leaf, encoded, weights[:, rows].reshape(-1))
        return mean * (heads * count / len(self.coordinates)), leaf
