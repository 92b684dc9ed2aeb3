"""Agreement: the nearest source examples are of the class predicted."""

from __future__ import annotations

import numpy as np

from headstart.validators._places import some
from headstart.validators.base import Seen, Validator

NEIGHBOURS = 10
MOST = 2000
"""At most so many of each side are compared."""


class Agreement(Validator):
    """How far a second classifier, a vote of the ten nearest source examples, says the same, beyond chance:

        κ = (mean_i v_i(ŷ_i) - Σ_c ȳ_c v̄_c) / (1 - Σ_c ȳ_c v̄_c)

    with v_i(c) the share of class c among the neighbours of i, ŷ_i the class predicted, and ȳ and v̄ their means
    (Cohen 1960). Two classifiers disagree about as often as each is wrong (Jiang et al. 2022, arXiv:2106.13799).
    """

    summary = "answers that the nearest source examples share"

    def validate(self, seen: Seen) -> float:
        new, known = some(len(seen.features), MOST), some(len(seen.source), MOST)
        classes, predicted = seen.classes[known], seen.probable[new].argmax(axis=1)
        likeness = unit(seen.features[new]) @ unit(seen.source[known]).T
        count = min(NEIGHBOURS, len(known))
        near = np.argpartition(-likeness, count - 1, axis=1)[:, :count]
        kinds = seen.probable.shape[1]
        votes = np.stack([(classes[near] == kind).mean(axis=1) for kind in range(kinds)], axis=1)
        chance = float(np.bincount(predicted, minlength=kinds) / len(predicted) @ votes.mean(axis=0))
        same = float(votes[np.arange(len(new)), predicted].mean())
        return (same - chance) / (1 - chance) if chance < 1 else 0.0


def unit(features: np.ndarray) -> np.ndarray:
    """(N, D) of length 1; zeros stay zeros."""
    length = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.maximum(length, 1e-12)
