"""Linear heads by convex optimisation, their penalty chosen by cross-validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from headstart.tasks.base import Task

STRENGTHS = tuple(10.0**power for power in (-4, -3, -2.5, -2, -1.5, -1, -0.5, 0, 1))
"""Inverse penalties C tried, from the strongest penalty to the weakest; λ = 1 / (C N)."""


FINE = {"maxiter": 200, "ftol": 1e-6, "gtol": 1e-5}
COARSE = {"maxiter": 60, "ftol": 1e-5, "gtol": 1e-4}
"""When L-BFGS stops: for the answer, and on the way there, where only the order of the penalties counts."""

CONSTANT = 1e-3
"""A feature whose standard deviation is below this share of the average counts as constant."""


@dataclass(frozen=True)
class Solution:
    """A linear head on unscaled features: ``weight`` (C, D), ``bias`` (C,), and the strength it was given."""

    weight: Tensor
    bias: Tensor
    strength: float
    scores: tuple[float, ...] = ()


@dataclass(frozen=True)
class Standardised:
    """Features (N, D) with mean 0 and standard deviation 1, turned so that only their rank remains.

    With N < D the penalised solution lies in the span of the examples, so the N-dimensional coordinates there
    give the same answer (Hastie & Tibshirani 2004, "Efficient quadratic regularization").
    """

    coordinates: Tensor
    basis: Tensor | None
    mean: Tensor
    scale: Tensor

    @classmethod
    def of(cls, features: Tensor) -> Standardised:
        """Standardise and reduce `features`."""
        features = features.double()
        mean, scale = features.mean(0), features.std(0, correction=0)
        # A feature that hardly varies says nothing, and dividing by its spread would make its weight enormous.
        scale = torch.where(scale > CONSTANT * scale.mean(), scale, torch.inf)
        scaled = (features - mean) / scale
        if features.shape[0] >= features.shape[1]:
            return cls(scaled, None, mean, scale)
        u, s, vh = torch.linalg.svd(scaled, full_matrices=False)
        kept = s > 1e-6 * s[0]
        return cls((u * s)[:, kept], vh[kept], mean, scale)

    def unscaled(self, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """Weights on the coordinates (R, C) as weights on the raw features: (C, D) and (C,)."""
        full = weight if self.basis is None else self.basis.T @ weight
        raw = full / self.scale[:, None]
        return raw.T.float(), (bias - self.mean @ raw).float()


def fit_linear_head(task: Task, features: Tensor, encoded: Tensor, weights: Tensor, seed: int) -> Solution:
    """The penalised linear head of least held-out loss.

    Minimises mean loss + λ/2 ‖W‖², the bias free, by L-BFGS; penalties are tried from strong to weak, each
    starting from the last, until the cross-validated loss rises.

    Parameters
    ----------
    features : (N, D). encoded : N encoded targets. weights : (N,).
    """
    space = Standardised.of(features)
    x = space.coordinates.float()
    scores = _cross_validate(task, x, encoded, weights, seed)
    best = int(np.argmin(scores))
    flat = _zeros(task, x)
    for strength in STRENGTHS[: best + 1]:
        flat = _solve(task, x, encoded, weights, 1 / (strength * len(x)), flat, COARSE)
    flat = _solve(task, x, encoded, weights, 1 / (STRENGTHS[best] * len(x)), flat, FINE)
    weight, bias = space.unscaled(*_parts(flat, x, task))
    return Solution(weight, bias, STRENGTHS[best], tuple(scores))


def _cross_validate(task: Task, x: Tensor, encoded: Tensor, weights: Tensor, seed: int) -> list[float]:
    """Held-out loss for each strength, up to the first two that are worse than the best before them."""
    folds = [torch.from_numpy(fold) for fold in _folds(len(x), 5 if len(x) < 3000 else 3, seed)]
    inside = [torch.from_numpy(np.setdiff1d(np.arange(len(x)), fold)) for fold in folds]
    solutions = [_zeros(task, x) for _ in folds]
    scores: list[float] = []
    for strength in STRENGTHS:
        total = 0.0
        for i, (fit, held_out) in enumerate(zip(inside, folds, strict=True)):
            penalty = 1 / (strength * len(x))
            solutions[i] = _solve(task, x[fit], encoded[fit], weights[fit], penalty, solutions[i], COARSE)
            weight, bias = _parts(solutions[i], x, task)
            outputs = x[held_out].double() @ weight + bias
            total += float(task.loss(outputs, encoded[held_out], weights[held_out].double())) * len(held_out)
        scores.append(total / len(x))
        if len(scores) > 2 and min(scores[-2:]) > min(scores[:-2]):
            break
    return scores


def _folds(count: int, folds: int, seed: int) -> list[np.ndarray]:
    order = np.random.default_rng(seed).permutation(count)
    return [np.sort(part) for part in np.array_split(order, min(folds, count))]


def _zeros(task: Task, x: Tensor) -> np.ndarray:
    return np.zeros((x.shape[1] + 1) * task.outputs)


def _parts(flat: np.ndarray, x: Tensor, task: Task) -> tuple[Tensor, Tensor]:
    """Weight (R, C) and bias (C,) of a flat solution."""
    both = torch.from_numpy(flat.copy()).view(x.shape[1] + 1, task.outputs)
    return both[:-1], both[-1]


def _solve(
    task: Task,
    x: Tensor,
    encoded: Tensor,
    weights: Tensor,
    penalty: float,
    start: np.ndarray,
    options: Mapping[str, float],
) -> np.ndarray:
    shape = (x.shape[1] + 1, task.outputs)

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        both = torch.from_numpy(flat).to(x.dtype).view(shape).requires_grad_()
        loss = task.loss(x @ both[:-1] + both[-1], encoded, weights)
        loss = loss + 0.5 * penalty * both[:-1].square().sum()
        (gradient,) = torch.autograd.grad(loss, both)
        return float(loss.detach()), gradient.flatten().double().numpy()

    return minimize(objective, start, jac=True, method="L-BFGS-B", options=dict(options)).x
