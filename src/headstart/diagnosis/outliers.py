"""Outliers: examples unlike all others of their class."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from headstart.core.results import Finding, FindingExample
from headstart.diagnosis._counting import counted, share
from headstart.diagnosis._neighbours import nearest
from headstart.diagnosis._stacked import rows_of, stacked
from headstart.diagnosis.base import Diagnosis, Evidence

NEIGHBOURS = 5
FEWEST = 20
"""Members of a class below which the spread of its distances is not known well enough."""

BY_CHANCE = 0.2
"""How many of all examples may be as far by chance, were log distances normal (Chauvenet 1863 has one half)."""

WARNING_SHARE = 0.02
_SCALE = 1.4826
"""Median absolute deviation of a normal distribution times this is its standard deviation."""


class Outliers(Diagnosis):
    """Compares the distance of every example to its class with that of the others of the class, in features.

    The distance is the mean of 1 - cosine to the 5 nearest others of the class (k-nearest-neighbour outlier score,
    Ramaswamy et al. 2000). Far is log d > median + z x 1.4826 x median absolute deviation within the class, whatever
    its spread, with the z beyond which a fifth of an example of all N is expected: 3.4 of 500, 4.1 of 10,000.
    Information, and a warning above 2 % of all examples. The score of an example is 1 - limit / d.
    """

    def examine(self, evidence: Evidence) -> list[Finding]:
        features, strata = stacked(evidence.features, evidence.ids), stacked(_arrays(evidence), evidence.ids)
        if features is None or strata is None:
            return []
        scores, distances = _scores(features, strata)
        far = [int(i) for i in np.argsort(-scores, kind="stable") if scores[i] > 0]
        if not far:
            return []
        rows = rows_of(evidence.ids)
        names = [evidence.ids[split][place] for split, place in (rows[i] for i in far)]
        typical = float(np.median(distances[strata == strata[far[0]]]))
        return [
            Finding(
                "outliers",
                "warning" if len(far) > WARNING_SHARE * len(rows) else "info",
                f"{counted(len(far), 'example')} of {len(rows):,} ({share(len(far), len(rows))}) "
                f"{'is' if len(far) == 1 else 'are'} unlike all others of the same class, above all {names[0]} "
                f"({strata[far[0]]!r}): {distances[far[0]] / max(typical, 1e-12):.1f} times as far from its nearest "
                "as is usual there.",
                [FindingExample(name, float(scores[i])) for name, i in zip(names, far, strict=True)],
                "Look at these: broken or foreign inputs should go, rare but right ones want more of their kind.",
            )
        ]


def _arrays(evidence: Evidence) -> dict[str, np.ndarray]:
    return {split: np.array(strata, dtype=object) for split, strata in evidence.strata.items()}


def _scores(features: np.ndarray, strata: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N,) scores, 0 for whatever is not far; and (N,) distances, 0 where the class is too small to tell."""
    scores, distances = np.zeros(len(strata)), np.zeros(len(strata))
    deviations = NormalDist().inv_cdf(1 - min(BY_CHANCE / max(len(strata), 1), 0.5))
    for name in dict.fromkeys(strata.tolist()):
        places = np.flatnonzero(strata == name)
        if len(places) >= FEWEST:
            found = _distances(features[places])
            limit = _limit(found, deviations)
            distances[places] = found
            scores[places] = np.where(found > limit, 1 - limit / np.maximum(found, 1e-12), 0.0)
    return scores, distances


def _distances(features: np.ndarray) -> np.ndarray:
    """(n,) mean of 1 - cosine to the nearest others."""
    return np.maximum(1 - nearest(features, features, NEIGHBOURS, same=True)[1].mean(axis=1), 0.0)


def _limit(distances: np.ndarray, deviations: float) -> float:
    """Above it a distance is out of the ordinary; logarithms, since distances spread by factors."""
    logs = np.log(np.maximum(distances, 1e-6))
    centre = float(np.median(logs))
    return float(np.exp(centre + deviations * _SCALE * np.median(np.abs(logs - centre))))
