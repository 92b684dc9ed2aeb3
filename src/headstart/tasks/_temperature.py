"""Temperature scaling: one number that makes a model as sure as it is right."""

from __future__ import annotations

import math
from collections.abc import Callable

FEWEST_EXAMPLES = 10
_COLDEST, _HOTTEST = 0.05, 20.0


def fit_temperature(loss: Callable[[float], float], n: int) -> float:
    """The T in [0.05, 20] with the smallest held-out `loss` of outputs / T; 1 with fewer than 10 examples.

    Guo et al. (2017), "On calibration of modern neural networks". The search runs over log T.
    """
    if n < FEWEST_EXAMPLES:
        return 1.0
    from scipy.optimize import minimize_scalar

    bounds = (math.log(_COLDEST), math.log(_HOTTEST))
    found = minimize_scalar(lambda log_t: loss(math.exp(log_t)), bounds=bounds, method="bounded")
    return float(math.exp(found.x))


def doubt(n: int) -> float:
    """The probability 1 / (n + 2) that a held-out target is taken to be wrong.

    Platt (1999), "Probabilistic outputs for support vector machines": a model without a mistake on n
    examples has not earned certainty, and without this the best temperature would be the coldest.
    """
    return 1.0 / (n + 2)
