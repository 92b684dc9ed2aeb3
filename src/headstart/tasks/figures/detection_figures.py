"""The figures of detection: mean average precision as COCO has it, recomputed on resamples without matching again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from headstart.core.by_class import ByClass
from headstart.core.trade_offs import TradeOff, points_of
from headstart.tasks._resampling import bootstrapped, count_of, identity, in_chunks, mean_known
from headstart.tasks.shapes.box_matching import MOST, OVERLAPS, SIZES, Matched

RECALLS = np.linspace(0.0, 1.0, 101)
"""(R,) recalls at which precision is read."""

FIGURES: dict[str, tuple[str, slice]] = {
    "map": ("all", slice(None)),
    "map50": ("all", slice(0, 1)),
    "map75": ("all", slice(5, 6)),
    "map_small": ("small", slice(None)),
    "map_medium": ("medium", slice(None)),
    "map_large": ("large", slice(None)),
}
"""Name → the sizes of boxes that are asked for, and the overlaps over which precision is averaged."""


OF_CLASS = {"average_precision": "map", "average_precision_50": "map50"}
"""Name of a figure of one class → the figure that is its mean over classes."""


def measure(name: str, matched: Sequence[Matched], draws: np.ndarray) -> np.ndarray:
    """The figure on resamples of pictures, (B,); `draws` is (B, N). NaN where no box is asked for."""
    return mean_known(np.stack([average_precision(one, name, draws) for one in matched], axis=-1))


def average_precision(matched: Matched, name: str, draws: np.ndarray) -> np.ndarray:
    """(B,) mean over overlaps and recalls of the precision of one class; NaN where none of its boxes is asked for.

    A picture drawn k times counts k times. Copies of one detection stand one after the other in the ranking, where
    precision rises from each to the next if it is a hit, and recall does not move if it is none: so the last copy
    alone says what the ranking of all would. (Two detections of a picture with the very same score: their copies stay
    together too, where a file with the picture written out k times would have them in turn.)
    """
    size, kept = FIGURES[name]
    band = list(SIZES).index(size)
    pictures = matched.positives.shape[1]
    everyone = np.arange(pictures)

    def of_part(part: np.ndarray) -> np.ndarray:
        weights = count_of(everyone, pictures, part)  # (b, N) how often each picture was drawn
        positives = weights @ matched.positives[band]
        own = weights[:, matched.pictures]  # (b, D)
        found = [
            _precision(own, matched.hits[band, t], matched.ignored[band, t], positives)
            for t in range(len(OVERLAPS))[kept]
        ]
        return np.where(positives > 0, np.mean(found, axis=0), np.nan)

    return in_chunks(of_part, draws, cost=max(1, 4 * len(matched.scores) // max(1, pictures)))


def figures_by_class(matched: Sequence[Matched], labels: Sequence[str], pictures: int) -> ByClass:
    """``average_precision`` and ``average_precision_50`` with their intervals, of the classes that have boxes."""
    return {
        name: {
            label: list(found)
            for label, one in zip(labels, matched, strict=True)
            if not np.isnan((found := bootstrapped(partial(average_precision, one, figure), pictures)).value)
        }
        for name, figure in OF_CLASS.items()
    }


def _precision(weights: np.ndarray, hits: np.ndarray, ignored: np.ndarray, positives: np.ndarray) -> np.ndarray:
    """(B,) mean over recalls of the best precision at that recall or beyond; weights are (B, D), hits (D,).

    The best is reached at a hit, so all else is only counted, and nothing after the last hit matters.
    """
    end = int(hits.nonzero()[0].max(initial=-1)) + 1
    weights, hits, heeded = weights[:, :end], hits[:end], ~ignored[:end]
    before = np.cumsum(weights * heeded, axis=1)[:, hits]
    right = np.cumsum(weights[:, hits], axis=1)
    precision = right / np.maximum(before, 1)
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    recall = right / np.maximum(positives, 1)[:, None]
    reached = np.searchsorted(RECALLS, recall.ravel(), side="right").reshape(recall.shape)
    # how many recalls are first reached at each hit; beyond the last hit precision is nought
    return np.asarray((best * np.diff(reached, axis=1, prepend=0)).sum(axis=1) / len(RECALLS))


@dataclass(frozen=True)
class Tally:
    """Of one class at the least overlap: boxes ``found`` and ``missed``, and false ``alarms``."""

    found: int
    missed: int
    alarms: int

    @property
    def f1(self) -> float:
        """2 found / (2 found + missed + alarms); 0 where there is nothing at all."""
        return 2 * self.found / max(1, 2 * self.found + self.missed + self.alarms)


def tally(matched: Matched, threshold: float) -> Tally:
    """How often the detections with at least this score are right, and what they leave."""
    shown = (matched.scores >= threshold) & ~matched.ignored[0, 0]
    found = int((matched.hits[0, 0] & shown).sum())
    return Tally(found, int(matched.positives[0].sum()) - found, int(shown.sum()) - found)


def trade_off(label: str, matched: Matched) -> TradeOff:
    """Precision against recall of one class at the least overlap, and where boxes are shown: from one half on."""
    heeded, count = ~matched.ignored[0, 0], tally(matched, 0.5)
    positives = int(matched.positives[0].sum())
    points = points_of(matched.scores[heeded], matched.hits[0, 0][heeded], positives)
    average = float(average_precision(matched, "map50", identity(matched.positives.shape[1]))[0])
    return TradeOff(label, points, count.found, count.missed, count.alarms, average)


def best_threshold(matched: Sequence[Matched]) -> float:
    """The score from which on detections are shown: there the mean over classes of F1, at the least overlap, is best.

    0.5 where there is no detection.
    """
    scores = np.unique(np.concatenate([one.scores[one.hits[0, 0]] for one in matched]) if matched else [])
    if not len(scores):
        return 0.5
    tried = scores if len(scores) <= MOST else np.quantile(scores, np.linspace(0, 1, MOST))
    quality = [np.mean([tally(one, threshold).f1 for one in matched]) for threshold in tried]
    return float(tried[int(np.argmax(quality))])


def misses(matched: Matched, threshold: float, labelled: Sequence[np.ndarray]) -> list[tuple[int, int]]:
    """(picture, row of the box) of those that no detection with at least this score finds.

    Parameters
    ----------
    labelled : of each picture the rows of the boxes of the class that are asked for.
    """
    seen = matched.hits[0, 0] & (matched.scores >= threshold)
    found = set(zip(matched.pictures[seen].tolist(), matched.partners[seen].tolist(), strict=True))
    boxes = ((picture, int(row)) for picture, rows in enumerate(labelled) for row in rows)
    return [box for box in boxes if box not in found]


def false_alarms(matched: Matched, threshold: float) -> list[tuple[int, int, float]]:
    """(picture, row of the detection, score) of those that find nothing, the surest first."""
    wrong = np.flatnonzero(~matched.hits[0, 0] & ~matched.ignored[0, 0] & (matched.scores >= threshold))
    return [(int(matched.pictures[i]), int(matched.places[i]), float(matched.scores[i])) for i in wrong]


def values(matched: Sequence[Matched], pictures: int) -> dict[str, float]:
    """Each figure on all pictures; those of sizes that no box has are left out."""
    found = {name: float(measure(name, matched, identity(pictures))[0]) for name in FIGURES}
    return {name: value for name, value in found.items() if not np.isnan(value)}
