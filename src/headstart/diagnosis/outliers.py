"""Outliers: examples unlike all others of their class."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from headstart.core.results import Finding, FindingExample
from headstart.diagnosis._counting import counted, share
from headstart.diagnosis._neighbours import nearest
from headstart.diagnosis._objects import holds_objects, not_looked_for
from headstart.diagnosis._stacked import rows_of, stacked
from headstart.diagnosis.base import Diagnosis, Evidence

NEIGHBOURS = 5
FEWEST = 10
"""Members of a class below which it is not known what distance is usual in it."""

BY_CHANCE = 0.5
"""How many of all examples may be as far by chance, were distances normal (Chauvenet 1863)."""

BORROWED = 25
"""Members' worth of the spread of all classes that goes into the spread of each: few distances tell it badly."""

WARNING_SHARE = 0.02
_SCALE = 1.4826
"""Median of the deviations upwards of a normal distribution times this is its standard deviation."""

_LEAST = 1e-6
"""Where a class is the same example over and over, nothing less than this is a spread."""


class Outliers(Diagnosis):
    """Compares the distance of every example to its class with that of the others of the class, in features.

    The distance d is the mean of 1 - cosine to the 5 nearest others of the class (k-nearest-neighbour outlier score,
    Ramaswamy et al. 2000). How far that is, z, is d less the median of the class, by its spread: 1.4826 x the median
    of what lies above the median, of the class and, as 25 more members, of all classes. Only the upper side counts,
    since pictures of one series lie close together and would make any distance look usual. Far is a z beyond which
    half an example of all N is expected by chance: 3.1 of 500, 3.9 of 10,000. Information, and a warning above 2 % of
    all examples. The score of an example is 1 - limit / z.
    """

    def examine(self, evidence: Evidence) -> list[Finding]:
        if holds_objects(evidence):
            return not_looked_for("outliers", "Outliers of a class", evidence)
        features, strata = stacked(evidence.features, evidence.ids), stacked(_arrays(evidence), evidence.ids)
        if features is None or strata is None:
            return []
        deviations, distances = how_far(features, strata)
        limit = NormalDist().inv_cdf(1 - min(BY_CHANCE / max(len(strata), 1), 0.5))
        far = [int(i) for i in np.argsort(-deviations, kind="stable") if deviations[i] > limit]
        if not far:
            return []
        rows = rows_of(evidence.ids)
        names = [evidence.ids[split][place] for split, place in (rows[i] for i in far)]
        alone = len(set(strata)) == 1  # as of masks, whose stratum is no class
        kin, own = ("", "") if alone else (" of the same class", f" ({strata[far[0]]!r})")
        typical = float(np.median(distances[strata == strata[far[0]]]))
        return [
            Finding(
                "outliers",
                "warning" if len(far) > WARNING_SHARE * len(rows) else "info",
                f"{counted(len(far), 'example')} of {len(rows):,} ({share(len(far), len(rows))}) "
                f"{'is' if len(far) == 1 else 'are'} unlike all others{kin}, above all {names[0]}{own}: "
                f"{distances[far[0]] / max(typical, 1e-12):.1f} times as far from its nearest "
                "as is usual there.",
                [FindingExample(name, float(1 - limit / deviations[i])) for name, i in zip(names, far, strict=True)],
                "Look at these: broken or foreign inputs should go, rare but right ones want more of their kind.",
            )
        ]


def _arrays(evidence: Evidence) -> dict[str, np.ndarray]:
    return {split: np.array(strata, dtype=object) for split, strata in evidence.strata.items()}


def how_far(features: np.ndarray, strata: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N,) z of each example, and (N,) distances; both 0 where the class is too small to tell."""
    above, distances, spreads = np.zeros(len(strata)), np.zeros(len(strata)), np.full(len(strata), np.inf)
    members = [np.flatnonzero(strata == name) for name in dict.fromkeys(strata.tolist())]
    members = [places for places in members if len(places) >= FEWEST]
    for places in members:
        distances[places] = _distances(features[places])
        above[places] = distances[places] - np.median(distances[places])
    if members:
        of_all = _spread(above[np.concatenate(members)])
        for places in members:
            own = len(places) * _spread(above[places])
            spreads[places] = max((own + BORROWED * of_all) / (len(places) + BORROWED), _LEAST)
    return above / spreads, distances


def _distances(features: np.ndarray) -> np.ndarray:
    """(n,) mean of 1 - cosine to the nearest others."""
    return np.maximum(1 - nearest(features, features, NEIGHBOURS, same=True)[1].mean(axis=1), 0.0)


def _spread(above: np.ndarray) -> float:
    """Of distances less their median, from those that lie above it; 0 where none does."""
    upper = above[above > 0]
    return _SCALE * float(np.median(upper)) if len(upper) else 0.0
