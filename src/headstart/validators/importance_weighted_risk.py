"""Importance-weighted risk: source examples that look like new inputs are judged rightly."""

from __future__ import annotations

import numpy as np

from headstart.core.standardising import standardised
from headstart.validators._places import some
from headstart.validators.base import Seen, Validator

MOST = 1000
"""At most so many of each side tell the domains apart."""

SUREST = 0.95
"""Nothing is believed to be likelier than this to be of either domain."""

PENALTY = 1.0
"""Of the classifier that tells them apart, in units of an example's squared length."""


class ImportanceWeightedRisk(Validator):
    """Minus the deep embedded validation risk (You et al. 2019, "Towards accurate model selection in deep
    unsupervised domain adaptation"; importance weights by Sugiyama et al. 2007):

        R = mean w ℓ + η mean w - η,   η = -Cov(w ℓ, w) / Var(w),   w(x) = (n / N) P(new | x) / P(source | x)

    with ℓ = 1 where a source example is taken for another class by a head that did not learn from it (a least-squares
    one in `headstart adapt`, which learnt from the network's answers, not the network's own). The second term takes
    away variance of the weights. P is fitted by penalised least squares instead of by a network, kept between 0.05
    and 0.95, and the weights are scaled to mean 1: where the domains do not overlap, a handful of weights would
    decide all.
    """

    summary = "source examples like the new inputs are judged rightly"

    def validate(self, seen: Seen) -> float:
        known = some(len(seen.source), MOST)
        weights = _weights(seen.source[known], seen.features[some(len(seen.features), MOST)])
        wrong = (seen.source_probable[known].argmax(axis=1) != seen.classes[known]).astype(float)
        weighted = weights * wrong
        variance = float(weights.var())
        eta = (
            -float(((weighted - weighted.mean()) * (weights - weights.mean())).mean()) / variance if variance else 0.0
        )
        return -float(weighted.mean() + eta * weights.mean() - eta)


def _weights(source: np.ndarray, new: np.ndarray) -> np.ndarray:
    """(n,) how much likelier each source example is among the new inputs, of mean 1."""
    both = standardised(np.concatenate([source, new])) / np.sqrt(source.shape[1])
    is_new = np.repeat([0.0, 1.0], [len(source), len(new)]) - len(new) / len(both)
    inner = both.T @ both + PENALTY * np.eye(both.shape[1])
    likely = both[: len(source)] @ np.linalg.solve(inner, both.T @ is_new) + len(new) / len(both)
    likely = np.clip(likely, 1 - SUREST, SUREST)
    odds = likely / (1 - likely)
    return np.asarray(odds / odds.mean())
