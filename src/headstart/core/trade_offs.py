"""What finding more of a class costs in false alarms, threshold by threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MOST_POINTS = 200


@dataclass(frozen=True)
class TradeOff:
    """Precision and recall of one class at falling thresholds.

    Attributes
    ----------
    points : (recall, precision), at most `MOST_POINTS`, by rising recall.
    found, missed, alarms : counts at the threshold in use.
    average_precision : mean precision over recalls at an overlap of one half; None where answers have no place.
    """

    label: str
    points: Sequence[tuple[float, float]]
    found: int
    missed: int
    alarms: int
    average_precision: float | None = None

    @property
    def used(self) -> tuple[float, float] | None:
        """(recall, precision) at the threshold in use; None where nothing is taken for the class there."""
        if not self.found + self.alarms or not self.found + self.missed:
            return None
        return self.found / (self.found + self.missed), self.found / (self.found + self.alarms)


def points_of(scores: np.ndarray, hits: np.ndarray, positives: int) -> list[tuple[float, float]]:
    """(recall, precision) after each score, from the largest down; equal scores are one threshold.

    Parameters
    ----------
    scores : (n,) of what is taken for the class in turn. hits : (n,) booleans, whether rightly.
    positives : how many there are to find.
    """
    if not len(scores) or not positives:
        return []
    order = np.argsort(-scores, kind="stable")
    scores, right = scores[order], np.cumsum(hits[order])
    last = np.append(scores[1:] < scores[:-1], True)
    recall, precision = right[last] / positives, right[last] / np.arange(1, len(scores) + 1)[last]
    kept = np.unique(np.linspace(0, len(recall) - 1, min(MOST_POINTS, len(recall))).round().astype(int))
    return [(float(recall[i]), float(precision[i])) for i in kept]
