"""Preconditioned L-BFGS for linear heads: the penalised optimum in a few products with the examples."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, field

import torch
from torch import Tensor

from headstart.core.threads import check_wanted
from headstart.strategies._several_heads import SeveralHeads

REMEMBERED = 10
"""Steps from which L-BFGS learns the curvature."""

FLATTENED = 0.5
"""A step is long enough where the slope is at most this share of what it was at its start."""

DAMPING = 1e-5
"""Share of the mean second moment added to every one, so that single precision is enough to factorise them."""

WIDTH = 2048
"""Coordinates preconditioned together: a Cholesky factor costs their number cubed."""


def descend(problem: SeveralHeads, start: Point, penalty: float, tolerance: float, limit: int) -> Point:
    """Minimise the sum of F mean losses + `penalty` / 2 ‖W‖², biases free, from `start`, which is used up.

    L-BFGS (Nocedal & Wright 2006, algorithm 7.4) whose first guess of the Hessian is that of a quadratic loss of the
    same mean curvature h, (h XᵀX / N + penalty)⁻¹. Outputs are linear in the weights, so a step is measured on the
    outputs alone, and each iteration multiplies twice with the examples. Ends when half the Newton decrement, an
    estimate of what is still to be gained, is below `tolerance` times the loss, or after `limit` steps.
    """
    both, outputs, loss, slope = start.both, start.outputs, start.loss, start.slope
    gradient = torch.empty_like(outputs)
    shrinkage = torch.full((both.shape[1],), penalty)
    shrinkage[-1] = 0.0
    guess = Preconditioner.of(problem, outputs, penalty)
    memory = start.memory.under(shrinkage, guess)
    whole = slope + shrinkage * both
    conditioned = guess(whole)
    for _ in range(limit):
        check_wanted()  # a fit solves heads beside its rungs, and Ctrl-C is not to wait for them
        total = loss + 0.5 * _dot(shrinkage * both, both)
        if _dot(whole, conditioned) <= 2 * tolerance * abs(total):
            break
        direction = memory.direction(whole, conditioned)
        change = problem.outputs(direction)
        before = _dot(whole, direction), _dot(shrinkage * both, direction), _dot(shrinkage * direction, direction)
        length, loss = _length(problem, outputs, change, gradient, *before)
        both = both + length * direction
        outputs.add_(change, alpha=length)
        slope = problem.pulled_back(gradient)
        last, last_conditioned = whole, conditioned
        whole = slope + shrinkage * both
        conditioned = guess(whole)
        memory.keep(length * direction, whole - last, conditioned - last_conditioned)
    return Point(both, outputs, loss, slope, memory)


def _length(
    problem: SeveralHeads, outputs: Tensor, change: Tensor, gradient: Tensor, slope: float, linear: float, bend: float
) -> tuple[float, float]:
    """How far to go, and the loss there; leaves its gradient in `gradient`.

    The loss is convex, so its slope along the step rises: a bracketed search for where it is flat needs no more.
    `linear` + length × `bend` is the penalty's part of the slope.
    """
    low, at_low = 0.0, slope
    high = at_high = None
    length = 1.0
    for _ in range(10):
        loss, here = problem.loss_along(outputs, length, change, gradient)
        here += linear + length * bend
        if abs(here) <= FLATTENED * abs(slope):
            break
        if here > 0:
            high, at_high = length, here
        else:
            low, at_low = length, here
        if high is None or at_high is None:
            length *= 2.5
        else:
            crossing = low - at_low * (high - low) / (at_high - at_low)
            length = min(max(crossing, low + 0.1 * (high - low)), high - 0.1 * (high - low))
    return length, loss


@dataclass(frozen=True)
class Point:
    """Weights (F C, R + 1), their outputs (N, F C), the loss there with its gradient by the weights, and what the way
    there has shown of the loss's curvature."""

    both: Tensor
    outputs: Tensor
    loss: float
    slope: Tensor
    memory: Memory

    @classmethod
    def at(cls, problem: SeveralHeads, both: Tensor) -> Point:
        """The point with these weights."""
        return cls._with(problem, both, problem.outputs(both))

    @classmethod
    def beyond(cls, problem: SeveralHeads, centre: Tensor) -> Point:
        """The point whose weights, all nought, are counted from those of `centre`: so is a penalty on them."""
        return cls._with(problem, torch.zeros_like(centre), problem.outputs(centre))

    @classmethod
    def _with(cls, problem: SeveralHeads, both: Tensor, outputs: Tensor) -> Point:
        gradient = torch.empty_like(outputs)
        loss, _ = problem.loss_along(outputs, 0.0, outputs, gradient)
        return cls(both, outputs, loss, problem.pulled_back(gradient), Memory())


@dataclass
class Memory:
    """The last steps, how they changed the gradient, and that change preconditioned, under one penalty."""

    shrinkage: Tensor | None = None
    pairs: deque[tuple[Tensor, Tensor, Tensor, float]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    scale: float = 1.0

    def under(self, shrinkage: Tensor, guess: Preconditioner) -> Memory:
        """The same steps as they would have been under another penalty, (R + 1) of it: only its part has changed."""
        moved = Memory(shrinkage)
        if self.shrinkage is not None and self.pairs:
            steps = [step for step, *_ in self.pairs]
            changes = [change + (shrinkage - self.shrinkage) * step for step, change, *_ in self.pairs]
            conditioned = guess(torch.cat(changes)).split(len(steps[0]))
            for kept in zip(steps, changes, conditioned, strict=True):
                moved.keep(*kept)
        return moved

    def keep(self, step: Tensor, change: Tensor, conditioned: Tensor) -> None:
        """Learn from a step; one that rounding has made useless is left out."""
        product = _dot(step, change)
        if product > 0:
            self.pairs.append((step, change, conditioned, 1 / product))
            self.scale = product / max(_dot(change, conditioned), 1e-30)

    def direction(self, slope: Tensor, conditioned: Tensor) -> Tensor:
        """The two-loop recursion. It preconditions by sums of what was preconditioned before, not anew."""
        rest, result, shares = slope.clone(), conditioned.clone(), []
        for step, change, change_conditioned, inverse in reversed(self.pairs):
            shares.append(inverse * _dot(step, rest))
            rest.sub_(change, alpha=shares[-1])
            result.sub_(change_conditioned, alpha=shares[-1])
        result.mul_(self.scale)
        for (step, change, _, inverse), share in zip(self.pairs, reversed(shares), strict=True):
            result.add_(step, alpha=share - inverse * _dot(change, result))
        return result.neg_()


@dataclass(frozen=True)
class Preconditioner:
    """(h M + penalty)⁻¹ for second moments M of the coordinates, in blocks of at most WIDTH of them."""

    factors: list[tuple[slice, Tensor]]

    @classmethod
    def of(cls, problem: SeveralHeads, outputs: Tensor, penalty: float) -> Preconditioner:
        """Factors for the curvature that the loss has at `outputs`."""
        moments, width = problem.moments, problem.coordinates.shape[1]
        curvature = problem.curvature(outputs)
        pieces = -(-width // WIDTH)
        edges = [width * i // pieces for i in range(pieces + 1)]
        blocks = [slice(start, stop) for start, stop in itertools.pairwise(edges)]
        factors = []
        for block in blocks:
            matrix = moments[block, block] * curvature
            diagonal = matrix.diagonal()
            diagonal.add_(DAMPING * float(diagonal.mean()) + 1e-12)
            (diagonal[:-1] if block.stop == width else diagonal).add_(penalty)  # the bias is free
            factor, failed = torch.linalg.cholesky_ex(matrix)
            factors.append((block, torch.linalg.cholesky(matrix.double()).float() if failed else factor))
        return cls(factors)

    def __call__(self, slope: Tensor) -> Tensor:
        """A gradient (F C, R + 1) as the step that it calls for."""
        return torch.cat([torch.cholesky_solve(slope[:, block].T, f).T for block, f in self.factors], dim=1)


def _dot(first: Tensor, second: Tensor) -> float:
    return float((first * second).sum())
