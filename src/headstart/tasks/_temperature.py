"""Temperature scaling: one number that makes a model as sure as it is right."""

from __future__ import annotations

import math
from collections.abc import Callable

FEWEST_EXAMPLES = 10
_COLDEST, _HOTTEST = 0.05, 20.0

USUAL = 0.1
"""How far log T mostly lies from nought: a head that was solved is nearly calibrated as it is."""

_STEPS = (60, 10, 10, 10)
"""Grids of so many steps, each within one step of what the last found: T comes out to a thousandth."""


def fit_temperature(loss: Callable[[float, float], float], n: int) -> float:
    """The likeliest T in [0.05, 20] after `n` held-out examples; 1 with fewer than 10.

    Guo et al. (2017), "On calibration of modern neural networks", with a Cauchy prior on log T: few examples tell T
    badly, and a bad T spoils answers that were calibrated. Its tails are heavy, so that a network which is much too
    sure is still cooled down. The search runs over log T.

    Parameters
    ----------
    loss : (T, doubt) → mean held-out loss of outputs / T, where each target is wrong with probability `doubt`. There
        is doubt only about answers that T makes surer: it is no reason to make honest ones less sure.
    """
    if n < FEWEST_EXAMPLES:
        return 1.0
    as_it_is = {given: loss(1.0, given) for given in (0.0, doubt(n))}

    def unlikely(log_t: float) -> float:
        given = doubt(n) if log_t < 0 else 0.0
        worse = loss(math.exp(log_t), given) - as_it_is[given]
        return n * worse + math.log1p((log_t / USUAL) ** 2)

    # There may be two valleys, one by the prior and one by the examples: the first grid covers both.
    low, high = math.log(_COLDEST), math.log(_HOTTEST)
    for steps in _STEPS:
        width = (high - low) / steps
        deepest = min((low + step * width for step in range(steps + 1)), key=unlikely)
        low, high = max(deepest - width, math.log(_COLDEST)), min(deepest + width, math.log(_HOTTEST))
    return math.exp(min([0.0, deepest], key=unlikely))


def doubt(n: int) -> float:
    """The probability 1 / (n + 2) that a held-out target is taken to be wrong.

    Platt (1999), "Probabilistic outputs for support vector machines": a model without a mistake on n
    examples has not earned certainty, and without this the best temperature would be the coldest.
    """
    return 1.0 / (n + 2)
