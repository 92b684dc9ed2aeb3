"""Features brought to one scale, and turned into as many coordinates as examples where there are fewer of those."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

CONSTANT = 1e-3
"""A feature whose standard deviation is below this share of the average counts as constant."""

TURNED = 4096
"""With at most this many examples, and fewer than features, features are turned: it costs N² D + N³ / 3."""

JITTER = 1e-10
"""Share of the average squared length added to every one, so that an example given twice does no harm."""

BLOCK = 2**22
"""Numbers taken to double precision at a time."""


@dataclass(frozen=True)
class Standardised:
    """Features (N, D) with mean 0 and standard deviation 1 as coordinates (N, R + 1), float32, the last column 1.

    R = D, or N where that is less: the penalised solution lies in the span of the examples, so W = Zᵀ A for the
    scaled features Z, and with the Cholesky factor Z Zᵀ = T Tᵀ the coordinates T have the same solution (Hastie &
    Tibshirani 2004, "Efficient quadratic regularization"; a triangle in the place of their singular vectors).

    Attributes
    ----------
    mean, scale : (D,) doubles. scaled : Z (N, D), and triangle : T (N, N) doubles, where the features are turned.
    """

    coordinates: Tensor
    mean: Tensor
    scale: Tensor
    scaled: Tensor | None = None
    triangle: Tensor | None = None

    @classmethod
    def of(cls, features: Tensor) -> Standardised:
        """Standardise `features` (N, D), and turn them where that is less work for all that follows."""
        return cls.within(torch.cat([features, features.new_empty(len(features), 1)], dim=1))

    @classmethod
    def within(cls, coordinates: Tensor) -> Standardised:
        """The same of features that are the first D columns of `coordinates` (N, D + 1), float32, which are used up:
        many features need not be held twice."""
        features = coordinates[:, :-1]
        mean, scale = _moments(features)
        count, width = features.shape
        coordinates[:, -1] = 1.0
        for rows in _blocks(count, width):
            features[rows] = ((features[rows].double() - mean) / scale).float()
        if count >= width or count > TURNED:
            return cls(coordinates, mean, scale)
        scaled = coordinates[:, :-1]
        triangle = _triangle(scaled)
        turned = torch.cat([triangle.float(), torch.ones(count, 1)], dim=1)
        return cls(turned, mean, scale, scaled, triangle)

    def unscaled(self, both: Tensor) -> tuple[Tensor, Tensor]:
        """Weights and biases on the coordinates (C, R + 1) as weights on the raw features: (C, D) and (C,)."""
        weight, bias = both[:, :-1].double(), both[:, -1].double()
        if self.triangle is not None and self.scaled is not None:
            alphas = torch.linalg.solve_triangular(self.triangle.T, weight.T, upper=True)
            weight = sum(
                (alphas[rows].T @ self.scaled[rows].double() for rows in _blocks(*self.scaled.shape)),
                start=torch.zeros(len(weight), self.scaled.shape[1], dtype=torch.float64),
            )
        raw = weight / self.scale
        return raw.float(), (bias - raw @ self.mean).float()

    def on_coordinates(self, weight: Tensor, bias: Tensor) -> Tensor:
        """The inverse of :meth:`unscaled`, (C, R + 1): a head that gives these examples the same outputs."""
        scale = torch.where(self.scale.isinf(), 0.0, self.scale)
        scaled, bias = weight.double() * scale, bias.double() + weight.double() @ self.mean
        if self.triangle is not None and self.scaled is not None:
            outputs = torch.cat([self.scaled[rows].double() @ scaled.T for rows in _blocks(*self.scaled.shape)])
            scaled = torch.linalg.solve_triangular(self.triangle, outputs, upper=False).T
        return torch.cat([scaled, bias[:, None]], dim=1).float()


def _moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (D,) of the columns; infinite for a constant one, whose weight is then nought."""
    count, width = features.shape
    mean = torch.zeros(width, dtype=torch.float64)
    for rows in _blocks(count, width):
        mean += features[rows].double().sum(0) / count
    variance = torch.zeros(width, dtype=torch.float64)
    for rows in _blocks(count, width):
        variance += (features[rows].double() - mean).square_().sum(0) / count
    # A feature that hardly varies says nothing, and dividing by its spread would make its weight enormous.
    scale = variance.sqrt()
    return mean, torch.where(scale > CONSTANT * scale.mean(), scale, torch.inf)


def _triangle(scaled: Tensor) -> Tensor:
    """T, lower triangular (N, N), with T Tᵀ = Z Zᵀ."""
    count, width = scaled.shape
    products = torch.zeros(count, count, dtype=torch.float64)
    for columns in _blocks(width, count):
        part = scaled[:, columns].double()
        products.addmm_(part, part.T)
    products.diagonal().add_(JITTER * max(float(products.diagonal().mean()), 1e-30))
    return torch.linalg.cholesky(products)


def _blocks(count: int, width: int) -> Iterator[slice]:
    step = max(1, BLOCK // max(width, 1))
    return (slice(start, min(start + step, count)) for start in range(0, count, step))
