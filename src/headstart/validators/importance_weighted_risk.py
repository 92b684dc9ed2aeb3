"""Importance-weighted risk: source examples that look like new inputs are judged rightly."""

from __future__ import annotations

import numpy as np

from headstart.validators._places import some
from headstart.validators.base import Seen, Validator

MOST = 2000
"""At most so many of each side tell the domains apart."""

LARGEST_ODDS = float(np.log(0.95 / 0.05))
"""The logarithm of the odds beyond which nothing is believed."""

PENALTY = 1.0
"""Of the classifier that tells them apart, in units of an example's squared length."""


class ImportanceWeightedRisk(Validator):
    """Minus the deep embedded validation risk (You et al. 2019, "Towards accurate model selection in deep
    unsupervised domain adaptation"; importance weights by Sugiyama et al. 2007):

        R = mean w ℓ + η mean w - η,   η = -Cov(w ℓ, w) / Var(w),   w(x) = (n / N) P(new | x) / P(source | x)

    with ℓ = 1 where a source example, which the head did not learn from, is taken for another class. The second term
    takes away variance that the weights bring in. P is a penalised logistic regression on the features, and departs
    from the paper in two ways: it is kept between 0.05 and 0.95, and the weights are scaled to mean 1, since where the
    domains do not overlap a handful of weights would decide all.
    """

    summary = "source examples like the new inputs are judged rightly"

    def validate(self, seen: Seen) -> float:
        known = some(len(seen.source), MOST)
        weights = _weights(seen.source[known], seen.features[some(len(seen.features), MOST)])
        wrong = (seen.source_probable[known].argmax(axis=1) != seen.classes[known]).astype(float)
        weighted = weights * wrong
        variance = float(weights.var())
        eta = -float(((weighted - weighted.mean()) * (weights - weights.mean())).mean()) / variance if variance else 0.0
        return -float(weighted.mean() + eta * weights.mean() - eta)


def _weights(source: np.ndarray, new: np.ndarray) -> np.ndarray:
    """(n,) how much likelier each source example is among the new inputs."""
    from sklearn.linear_model import LogisticRegression

    both = np.concatenate([source, new]).astype(np.float64)
    spread = both.std(axis=0)
    both = (both - both.mean(axis=0)) / np.where(spread > 1e-9, spread, np.inf) / np.sqrt(both.shape[1])
    is_new = np.repeat([0, 1], [len(source), len(new)])
    told = LogisticRegression(C=1 / PENALTY, max_iter=200).fit(both, is_new)
    odds = np.exp(np.clip(told.decision_function(both[: len(source)]), -LARGEST_ODDS, LARGEST_ODDS))
    return np.asarray(odds / odds.mean())
