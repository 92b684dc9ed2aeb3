"""How well a few numbers alone tell the class: a small classifier, judged on examples it did not see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headstart.core.results import Figure
from headstart.core.statistics import Z_95
from headstart.core.units import numbered
from headstart.diagnosis._trait_steps import probabilities, steps_of, told_by_one

FOLDS = 5
FEWEST = 10
"""Examples of a class below which it is left out."""

MOST = 3000
"""Examples that are looked at; more would take long and say the same. So are no more classes than have room there."""


@dataclass(frozen=True)
class Judgement:
    """What the traits alone reach.

    Attributes
    ----------
    accuracy : balanced accuracy out of fold, with its 95 % interval.
    classes : the classes that were told apart.
    places : (n,) the examples that were looked at. likely : (n,) probability that their traits give their class.
    strongest : the traits by what each reaches alone, best first.
    """

    accuracy: Figure
    classes: list[str]
    places: np.ndarray
    likely: np.ndarray
    strongest: list[int]


def judge(values: np.ndarray, strata: np.ndarray, units: np.ndarray | None = None) -> Judgement | None:
    """Cross-validates on traits (N, T), NaN where unknown; None where fewer than two classes have 10 examples.

    Parameters
    ----------
    units : (N,) int, the same for relatives, which share a fold and count as one in the interval; None without any.
    """
    names, counts = np.unique(strata, return_counts=True)
    classes = _some(names[counts >= FEWEST])
    if len(classes) < 2:
        return None
    places = _drawn(strata, classes)
    known = np.where(np.isfinite(values), values, np.nan)
    known = np.where(np.isnan(known), np.nanmedian(known, axis=0), known)[places]
    said = strata[places]
    own = numbered(None if units is None else units[places], len(places))
    numbers, folds = np.searchsorted(classes, said), _folds(said, own)
    given = _out_of_fold(steps_of(known), numbers, folds, len(classes))
    alone = [
        balanced_accuracy(classes[told_by_one(column, numbers, folds, len(classes))], said).value
        for column in known.T
    ]
    accuracy = balanced_accuracy(classes[given.argmax(axis=1)], said, own)
    right = given[np.arange(len(said)), numbers]
    return Judgement(accuracy, classes.tolist(), places, right, np.argsort(alone, kind="stable")[::-1].tolist())


def balanced_accuracy(predicted: np.ndarray, truth: np.ndarray, units: np.ndarray | None = None) -> Figure:
    """The mean over the classes of the share that is right, with its 95 % interval.

    Classes are independent, so its variance is the mean of theirs over their number; each is taken at
    (right + 2) / (n + 4) (Agresti and Coull 1998), since at 0 or all right the plain one would be nought. n counts
    relatives, which have one of the `units` (N,) in common, as one.
    """
    shares, variances = [], []
    for name in np.unique(truth):
        own = truth == name
        hits = predicted[own] == name
        count = len(hits) if units is None else len(np.unique(units[own]))
        smoothed = (hits.sum() * count / len(hits) + 2) / (count + 4)
        shares.append(hits.mean())
        variances.append(smoothed * (1 - smoothed) / (count + 4))
    value, half = float(np.mean(shares)), Z_95 * float(np.sqrt(np.sum(variances))) / len(shares)
    return Figure(value, max(0.0, value - half), min(1.0, value + half))


def _some(classes: np.ndarray) -> np.ndarray:
    """As many of the classes, drawn at random and in order, as `MOST` has room for 10 examples of each."""
    room = MOST // FEWEST
    if len(classes) <= room:
        return classes
    return np.sort(np.random.default_rng(0).permutation(classes)[:room])


def _drawn(strata: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Places of about `MOST` examples of these classes, 10 of each at the least, in order."""
    generator = np.random.default_rng(0)
    share = min(1.0, MOST / np.isin(strata, classes).sum())
    drawn = []
    for name in classes:
        own = np.flatnonzero(strata == name)
        drawn.append(generator.permutation(own)[: max(FEWEST, round(share * len(own)))])
    return np.sort(np.concatenate(drawn))


def _folds(said: np.ndarray, units: np.ndarray) -> list[np.ndarray]:
    """Rows of each fold, the units of every class, by the first example of each, spread evenly over them."""
    classes = said[np.unique(units, return_index=True)[1]]
    generator, fold = np.random.default_rng(0), np.zeros(len(classes), dtype=np.int64)
    start = 0  # of units that are whole classes not all lie in the first fold
    for name in np.unique(classes):
        own = generator.permutation(np.flatnonzero(classes == name))
        fold[own] = (start + np.arange(len(own))) % FOLDS
        start += len(own) if len(own) < FOLDS else 0
    return [np.flatnonzero(fold[units] == k) for k in range(FOLDS)]


def _out_of_fold(inputs: np.ndarray, numbers: np.ndarray, folds: list[np.ndarray], classes: int) -> np.ndarray:
    """(n, C) probabilities from classifiers that did not see the example."""
    given = np.zeros((len(numbers), classes))
    for unseen in folds:
        seen = np.setdiff1d(np.arange(len(numbers)), unseen)
        given[unseen] = probabilities(inputs, numbers, seen, unseen, classes)
    return given
