"""How well a few numbers alone tell the class: a small forest, judged on examples it did not see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from headstart.core.results import Figure
from headstart.core.statistics import Z_95

FOLDS = 5
FEWEST = 10
"""Examples of a class below which it is left out."""

MOST = 3000
"""Examples that are looked at; more would take long and say the same."""

_TREES, _DEPTH, _LEAF, _SHALLOW = 30, 6, 5, 3


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


def judge(values: np.ndarray, strata: np.ndarray) -> Judgement | None:
    """Cross-validates on traits (N, T), NaN where unknown; None where fewer than two classes have 10 examples."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.tree import DecisionTreeClassifier

    names, counts = np.unique(strata, return_counts=True)
    classes = names[counts >= FEWEST]
    if len(classes) < 2:
        return None
    places = _drawn(strata, classes)
    known = np.where(np.isfinite(values), values, np.nan)
    known = np.where(np.isnan(known), np.nanmedian(known, axis=0), known)[places]
    forest = RandomForestClassifier(
        _TREES, max_depth=_DEPTH, min_samples_leaf=_LEAF, class_weight="balanced", random_state=0
    )
    tree = DecisionTreeClassifier(max_depth=_SHALLOW, min_samples_leaf=_LEAF, class_weight="balanced", random_state=0)
    said = strata[places]
    probabilities = _out_of_fold(forest, known, said, classes)
    alone = [
        balanced_accuracy(classes[_out_of_fold(tree, column[:, None], said, classes).argmax(axis=1)], said).value
        for column in known.T
    ]
    right = probabilities[np.arange(len(said)), np.searchsorted(classes, said)]
    accuracy = balanced_accuracy(classes[probabilities.argmax(axis=1)], said)
    return Judgement(accuracy, classes.tolist(), places, right, np.argsort(alone, kind="stable")[::-1].tolist())


def balanced_accuracy(predicted: np.ndarray, truth: np.ndarray) -> Figure:
    """The mean over the classes of the share that is right, with its 95 % interval.

    Classes are independent, so its variance is the mean of theirs over their number; each is taken at
    (right + 2) / (n + 4) (Agresti and Coull 1998), since at 0 or all right the plain one would be nought.
    """
    shares, variances = [], []
    for name in np.unique(truth):
        hits = predicted[truth == name] == name
        smoothed = (hits.sum() + 2) / (len(hits) + 4)
        shares.append(hits.mean())
        variances.append(smoothed * (1 - smoothed) / (len(hits) + 4))
    value, half = float(np.mean(shares)), Z_95 * float(np.sqrt(np.sum(variances))) / len(shares)
    return Figure(value, max(0.0, value - half), min(1.0, value + half))


def _drawn(strata: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Places of at most `MOST` examples of these classes, but 10 of each at the least, in order."""
    generator = np.random.default_rng(0)
    share = min(1.0, MOST / np.isin(strata, classes).sum())
    drawn = []
    for name in classes:
        own = np.flatnonzero(strata == name)
        drawn.append(generator.permutation(own)[: max(FEWEST, round(share * len(own)))])
    return np.sort(np.concatenate(drawn))


def _out_of_fold(model: Any, values: np.ndarray, said: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """(n, C) probabilities from models that did not see the example."""
    from sklearn.base import clone
    from sklearn.model_selection import StratifiedKFold

    probabilities = np.zeros((len(said), len(classes)))
    numbers = np.searchsorted(classes, said)  # balanced class weights fail where names are digits
    for seen, unseen in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(values, numbers):
        fitted = clone(model).fit(values[seen], numbers[seen])
        probabilities[unseen] = fitted.predict_proba(values[unseen])
    return probabilities
