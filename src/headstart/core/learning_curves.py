"""Learning curves: power laws through figures at growing numbers of examples, and how far they may be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from headstart.core.results import Figure

EXPONENTS = np.linspace(0.1, 2.0, 39)
"""The c that are thought possible. Hestness et al. (2017) saw 0.07 to 0.35 over decades of examples; theory has 0.5
to 1; heads on few examples of easy classes are steeper."""

REMAINDERS = np.linspace(0.0, 1.0, 51) ** 2
"""The a that are thought possible, as shares of the least error seen; small ones are thought likelier."""

DELAYS = np.array([0.0, 0.125, 0.25, 0.5, 1.0, 2.0])
"""The d that are thought possible, as shares of the largest number seen: with a few examples for each of many classes
a curve starts flat, and falls as a power law only later."""

OVERLAP = 0.5
"""Draws learn from the same examples, so their mean varies by more than their variance over their number. Nadeau &
Bengio (2003), "Inference for the generalization error", add the ratio of held out to learnt, 1/4 for a fifth; it is
twice that here, since no curve is exactly of this form. With 1/4, too few intervals held for many classes."""

SHARE = 0.9
"""How likely the interval is to hold the figure."""


def extrapolate(examples: Sequence[int], errors: np.ndarray, at: Sequence[int], parts: int = 5) -> list[Figure]:
    """The error at each of `at` numbers of examples with its 90 % interval.

    err(n) = a + b (n + d)^-c with a, b, d >= 0 (Hestness et al. 2017, arXiv:1712.00409, with d = 0; Viering & Loog
    2022, arXiv:2103.10948, with d). A curve of five points fits many such laws about equally well, with very
    different ends, so none is picked: each a, c and d with its best b is weighed by exp(-χ²/2), χ² being its distance
    from the mean errors in units of their covariance, and the interval holds 90 % of the weight.

    Parameters
    ----------
    examples : (K,) rising. errors : (J, K), a row a draw. at : numbers of more examples, or as many.
    parts : after how many draws the same examples are held out again.

    Raises
    ------
    ValueError : fewer than three sizes, or two draws; shapes that do not fit.
    """
    sizes, drawn = np.asarray(examples, float), np.asarray(errors, float)
    if drawn.ndim != 2 or drawn.shape[1] != len(sizes) or len(sizes) < 3 or len(drawn) < 2:
        raise ValueError(f"a curve needs (J, K) errors, J >= 2, of K >= 3 sizes; got {drawn.shape} and {len(sizes)}")
    covariance, own = _covariance(drawn, parts)
    mean = drawn.mean(axis=0)
    laws = _laws(sizes, mean, np.linalg.inv(covariance))
    weights = np.tile(laws.weights / len(_NORMAL), len(_NORMAL))
    found = []
    for size in at:
        # What is measured one day is one more measurement, on so many more examples: its noise widens the interval.
        noise = np.sqrt(own * sizes[-1] / max(size, sizes[-1])) * _NORMAL[:, None]
        found.append(_weighed(np.maximum(laws.at(size) + noise, 0).ravel(), weights))
    return found


_NORMAL = np.array([-1.645, -1.036, -0.674, -0.385, -0.126, 0.126, 0.385, 0.674, 1.036, 1.645])
"""The 5 %, 15 %, … 95 % quantiles of the standard normal distribution."""


def _covariance(drawn: np.ndarray, parts: int) -> tuple[np.ndarray, float]:
    """The covariance (K, K) of the mean over draws, and the variance of one measurement of all examples.

    Two sources: which examples are held out moves a whole row, which are learnt from moves each figure by itself.
    """
    count, sizes = drawn.shape
    centred = drawn - drawn.mean(axis=0)
    rows = centred.mean(axis=1)
    within = float(((centred - rows[:, None]) ** 2).sum()) / max((count - 1) * (sizes - 1), 1)
    level = max(float((rows**2).sum()) / (count - 1) - within / sizes, 0.0)
    held_out, learnt = level / min(count, parts), within * (1 / count + OVERLAP)
    least = 1e-8 + (5e-3 * drawn.mean()) ** 2  # a curve without any spread is still no exact law
    return held_out + (learnt + least) * np.eye(sizes), held_out + within * OVERLAP


class _Laws(NamedTuple):
    """The L laws that are possible: those of all a, c and d, (A * C,), that are ``kept``.

    ``least`` (A,) is a, ``factor`` (C, A) is b (last + d)^-c, ``exponents``, ``delays``, ``last`` (C,) are c, d and
    last + d, ``weights`` (L,) sum to 1.
    """

    least: np.ndarray
    factor: np.ndarray
    exponents: np.ndarray
    delays: np.ndarray
    last: np.ndarray
    kept: np.ndarray
    weights: np.ndarray

    def at(self, size: int) -> np.ndarray:
        """What each says of so many examples, (L,)."""
        ahead = self.least + self.factor * (((size + self.delays) / self.last) ** -self.exponents)[:, None]
        return ahead.ravel()[self.kept]


def _laws(sizes: np.ndarray, mean: np.ndarray, precision: np.ndarray) -> _Laws:
    """The laws with the b that fits best; those so far from the curve that they have no weight are left out."""
    exponents, delays = (grid.ravel() for grid in np.meshgrid(EXPONENTS, DELAYS * sizes[-1]))
    last = sizes[-1] + delays  # b is scaled to be the part of the error at the last size that still falls
    powers = ((sizes + delays[:, None]) / last[:, None]) ** -exponents[:, None]  # (c and d, K)
    rest = mean - REMAINDERS[:, None] * mean.min()  # (a, K)
    along = np.einsum("ck,kl,al->ca", powers, precision, rest)
    steep = np.einsum("ck,kl,cl->c", powers, precision, powers)[:, None]
    factor = np.maximum(along / steep, 0.0)
    left = rest[None] - factor[..., None] * powers[:, None]
    distance = np.einsum("cak,kl,cal->ca", left, precision, left)
    weights = np.exp(-0.5 * (distance - distance.min()))
    weights = (weights / weights.sum()).ravel()
    kept = np.flatnonzero(weights)
    return _Laws(REMAINDERS * mean.min(), factor, exponents, delays, last, kept, weights[kept])


def _weighed(values: np.ndarray, weights: np.ndarray) -> Figure:
    """The weighted median with the interval that holds SHARE of the weight."""
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    tail = (1 - SHARE) / 2
    places = np.minimum(np.searchsorted(below, [tail, 0.5, 1 - tail]), len(order) - 1)
    low, middle, high = (float(value) for value in values[order][places])
    return Figure(middle, low, high)
