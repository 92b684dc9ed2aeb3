"""How common each class is among new inputs, estimated from answers, and which classes hardly appear."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import binom

from headstart.adaptations.base import Domains
from headstart.core.results import Finding

ROUNDS = 200
FLOOR = 1e-12

SMALL = 0.5
"""Below this share of its share among the source examples, by every estimate, a class hardly appears."""

CHANCE, NAMED = 0.01, 5


def estimated_shares(probable: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """(C,) the likeliest shares of the classes among N inputs with `probable` (N, C), from shares `prior` (C,).

    Expectation maximisation of Saerens et al. 2002, "Adjusting the outputs of a classifier to new a priori
    probabilities": q ← mean_i p_i q / π / Σ p_i q / π. A class into which only stray answers fall ends near nought.
    """
    odds = probable / np.maximum(prior, FLOOR)
    shares = prior
    for _ in range(ROUNDS):
        weighed = odds * shares
        shares = (weighed / np.maximum(weighed.sum(axis=1, keepdims=True), FLOOR)).mean(axis=0)
    return shares


def rare_among(domains: Domains, answers: Sequence[np.ndarray]) -> np.ndarray:
    """Places of the classes that hardly appear among the new inputs, whichever `answers` (N, C) are asked.

    The answers are those of the source model and of what moves features; what makes answers even would hide it. A
    class is rare where the largest estimate of its share is below half of the source's, by more than chance
    (binomial test, corrected for the number of classes).
    """
    shares, count = domains.shares, len(domains.target)
    most = _estimated(domains, answers)
    chance = binom.cdf(np.ceil(most * count), count, shares) * len(shares)
    return np.flatnonzero((chance <= CHANCE) & (most < SMALL * shares))


def rare_classes(domains: Domains, answers: Sequence[np.ndarray]) -> list[Finding]:
    """A finding that names the classes of :func:`rare_among`, if there are any."""
    rare, most = rare_among(domains, answers), _estimated(domains, answers)
    if not len(rare):
        return []
    count, shares = len(domains.target), domains.shares
    labels = [str(label) for label in domains.task.describe()["labels"]]
    named = "; ".join(
        f"{labels[i]} (about {round(most[i] * count)} of {count}, {round(shares[i] * count)} to expect)"
        for i in rare[:NAMED]
    )
    more = f" and {len(rare) - NAMED} more" if len(rare) > NAMED else ""
    return [
        Finding(
            "partial_overlap",
            "warning",
            f"Few of the new inputs, if any, seem to be: {named}{more}. Either these classes are missing there, or "
            "the model does not know them there.",
            next_step="Where they are missing, an adaptation may do harm: look at some inputs, and hand over a few "
            "labels with --labels-for.",
        )
    ]


def _estimated(domains: Domains, answers: Sequence[np.ndarray]) -> np.ndarray:
    """(C,) each class's largest estimated share."""
    return np.stack([estimated_shares(each, domains.shares) for each in answers]).max(axis=0)
