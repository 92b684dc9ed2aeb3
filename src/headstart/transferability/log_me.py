"""LogME: how probable the targets are under the best Bayesian linear model on the features."""

from __future__ import annotations

import math

import numpy as np

from headstart.transferability.base import Seen, TransferabilityScore, given

TINY = 1e-12
"""Keeps a quotient finite where the targets are explained wholly, or not at all."""


class LogMe(TransferabilityScore):
    """Logarithm of the maximum evidence, per example (You et al. 2021, arXiv:2102.11005), mean over target columns.

    With w ~ N(0, I/α), y | w ~ N(F w, I/β), A = α I + β FᵀF and m = β A⁻¹ Fᵀ y,

        log p(y | F) = n/2 log β + D/2 log α - n/2 log 2π - β/2 ‖F m - y‖² - α/2 mᵀm - 1/2 log |A|,

    at the α and β where it is largest. These are found by the paper's fixed point: γ = Σ β σ_i / (α + β σ_i) with σ_i
    the eigenvalues of FᵀF, α ← γ / mᵀm, β ← (n - γ) / ‖F m - y‖².

    Parameters
    ----------
    steps : of the fixed point at most. tolerance : it ends where log α/β changes by less.
    """

    reads = ("features", "targets")

    def __init__(self, steps: int = 200, tolerance: float = 1e-6) -> None:
        self.steps, self.tolerance = steps, tolerance

    def score(self, seen: Seen) -> float:
        features, targets = given(seen.features).astype(float), given(seen.targets).astype(float)
        if targets.any():  # of a class that no example has, the evidence grows without a bound
            targets = targets[:, targets.any(axis=0)]
        left, singular, _ = np.linalg.svd(features, full_matrices=False)
        along = left.T @ targets  # (R, K): what of the targets lies along the left singular vectors
        beside = np.maximum((targets**2).sum(axis=0) - (along**2).sum(axis=0), 0.0)
        evidences = [
            self._evidence(singular**2, part**2, float(rest), features.shape)
            for part, rest in zip(along.T, beside, strict=True)
        ]
        return float(np.mean(evidences)) / len(features)

    def _evidence(self, sigma: np.ndarray, along: np.ndarray, beside: float, shape: tuple[int, ...]) -> float:
        """The largest log evidence of one column: `sigma` (R,) as above, `along` (R,) squared parts of y."""
        count, width = shape
        alpha = beta = 1.0
        for _ in range(self.steps):
            length, error, gamma = _posterior(sigma, along, beside, alpha, beta)
            before = math.log(alpha / beta)
            alpha = max(gamma, TINY) / max(length, TINY)
            beta = max(count - gamma, TINY) / max(error, TINY)
            if abs(math.log(alpha / beta) - before) < self.tolerance:
                break
        length, error, _ = _posterior(sigma, along, beside, alpha, beta)
        determinant = np.log(alpha + beta * sigma).sum() + (width - len(sigma)) * math.log(alpha)
        fit = count * math.log(beta) + width * math.log(alpha) - count * math.log(2 * math.pi)
        return float(fit - beta * error - alpha * length - determinant) / 2


def _posterior(
    sigma: np.ndarray, along: np.ndarray, beside: float, alpha: float, beta: float
) -> tuple[float, float, float]:
    """mᵀm, ‖F m - y‖² and γ, in the coordinates of the singular vectors."""
    precision = alpha + beta * sigma
    length = float((beta**2 * sigma * along / precision**2).sum())
    error = float((alpha**2 * along / precision**2).sum()) + beside
    return length, error, float((beta * sigma / precision).sum())
