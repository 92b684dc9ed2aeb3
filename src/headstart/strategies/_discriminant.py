"""A linear classifier in closed form: Gaussian classes whose means are Gaussian themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

UNSEEN = 0.5
"""Added to the weight of every class, so that one without an example keeps a chance."""

LEAST = 1e-3
"""A variance within classes is taken to be at least this: where each class has one example, none is seen."""

BLOCK = 2**22
"""Numbers taken to double precision at a time."""


@dataclass(frozen=True)
class Scatter:
    """How far examples of one class differ, and how far classes do.

    Attributes
    ----------
    mean : (R,), of all examples. within : (R, R), the covariance within classes. between : (R, R), Σ n μ μᵀ of the
    classes' means about `mean`. counts : (C,) examples of each class. All doubles.
    """

    mean: Tensor
    within: Tensor
    between: Tensor
    counts: Tensor

    @classmethod
    def of(cls, coordinates: Tensor, classes: Tensor, outputs: int) -> Scatter:
        """Of N examples (N, R + 1), the last column left out, and their classes (N,), of `outputs`."""
        counts, means = moments(coordinates, classes, outputs)
        mean = (counts @ means) / counts.sum()
        total = sum(block.T @ block for _, block in _blocks(coordinates, mean))
        means = (means - mean) * (counts > 0)[:, None]
        between = (means * counts[:, None]).T @ means
        return cls(mean, (total - between) / (counts - 1).clamp(min=0).sum().clamp(min=1), between, counts)


@dataclass(frozen=True)
class Discriminant:
    """The axes along which a class has variance 1 and the classes' means have variances ``between`` (R,).

    The two-covariance model of Ioffe (2006), "Probabilistic linear discriminant analysis": x = mean + class + rest.
    The class of an example is judged by how a further one of it would be distributed. With n seen, of mean μ on an
    axis of between-variance ψ, that is normal about ψ n / (ψ n + 1) μ with variance 1 + ψ / (ψ n + 1). Where ψ is
    large this is the discriminant of Fisher (1936); elsewhere rare classes promise less.

    Attributes
    ----------
    mean : (R,). axes : (R, R), x → x @ axes. between : (R,). All doubles.
    """

    mean: Tensor
    axes: Tensor
    between: Tensor

    @classmethod
    def of(cls, scatter: Scatter, shrinkage: float) -> Discriminant:
        """With `shrinkage`, in (0, 1], of the covariance within classes gone to its mean variance on every axis."""
        width, counts = len(scatter.mean), scatter.counts
        even = max(float(scatter.within.diagonal().mean()), LEAST) * torch.eye(width, dtype=torch.float64)
        factor = torch.linalg.cholesky((1 - shrinkage) * scatter.within + shrinkage * even)
        half = torch.linalg.solve_triangular(factor, scatter.between, upper=False)
        spread, axes = torch.linalg.eigh(torch.linalg.solve_triangular(factor, half.T, upper=False))
        # E Σ n μ μᵀ = (C - 1) within + (N - Σ n² / N) between
        grown = counts.sum() - counts @ counts / counts.sum()
        between = (spread - (counts > 0).sum() + 1).clamp(min=0) / grown.clamp(min=1)
        return cls(scatter.mean, torch.linalg.solve_triangular(factor.T, axes, upper=True), between)

    def head(self, coordinates: Tensor, classes: Tensor, weights: Tensor, outputs: int) -> Tensor:
        """Weights (C, R + 1) of C `outputs` from N examples (N, R + 1) of these classes (N,).

        A class is as likely as its examples' `weights` (N,) say; one that weighs nothing is left out. The variance of
        each class is taken to be that of one with as many examples as an example's class has on average: the outputs
        are linear then.
        """
        seen = weights > 0
        likely = torch.zeros(outputs, dtype=torch.float64).index_add_(0, classes, weights.double())
        counts, means = moments(coordinates[seen], classes[seen], outputs)
        typical = counts @ counts / counts.sum()
        expected = (means - self.mean) @ self.axes * (self.between * counts[:, None])
        expected /= self.between * counts[:, None] + 1
        weight = expected / (1 + self.between / (self.between * typical + 1))
        bias = -0.5 * (weight * expected).sum(1) + torch.log(likely + UNSEEN)
        weight = weight @ self.axes.T
        bias -= weight @ self.mean
        return torch.cat([weight, (bias - bias.mean())[:, None]], dim=1).float()


def moments(coordinates: Tensor, classes: Tensor, outputs: int) -> tuple[Tensor, Tensor]:
    """How many examples each class has, (C,), and their mean, (C, R); nought where it has none. Doubles."""
    counts = torch.bincount(classes, minlength=outputs).double()
    sums = torch.zeros(outputs, coordinates.shape[1] - 1, dtype=torch.float64)
    for rows, block in _blocks(coordinates, None):
        sums.index_add_(0, classes[rows], block)
    return counts, sums / counts.clamp(min=1)[:, None]


def _blocks(coordinates: Tensor, mean: Tensor | None) -> Iterator[tuple[slice, Tensor]]:
    """Rows of the coordinates without the last, as doubles about `mean`."""
    step = max(1, BLOCK // coordinates.shape[1])
    for start in range(0, len(coordinates), step):
        rows = slice(start, start + step)
        block = coordinates[rows, :-1].double()
        yield rows, block if mean is None else block - mean
