"""Chooses between adaptations by a few labels of the new inputs, each judged by a head that had not seen it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy.stats import t as students_t

from headstart.adaptations.base import Adaptation, Domains, probabilities
from headstart.experiment.adaptation.choice import Choice, Tried, calm_answers
from headstart.experiment.adaptation.class_shares import rare_classes

FOLDS = 5
CHANCE = 0.05
"""What is kept must be better beyond chance: so seldom is any of the candidates kept that gains nothing."""

LEAST = 1e-6


def choose_by_labels(domains: Domains, tried: Sequence[Tried], adaptations: Mapping[str, Adaptation]) -> Choice:
    """The candidate whose probabilities of the labels given are highest, if they are higher than the source model's.

    They must be so beyond chance, of which there is more the fewer labels there are and the more candidates.
    Candidates that learn from the labels are judged by cross-validation over them: each label by a head that learnt
    from the others. The logarithm of the probability is compared, since a few labels say little by right and wrong.
    """
    source, findings = tried[0], rare_classes(domains, calm_answers(tried))
    answers = {one.name: held_out_answers(domains, one, adaptations[one.name]) for one in tried[1:]}
    before = source.probable[domains.labelled]
    gains = {name: _logarithms(domains, given) - _logarithms(domains, before) for name, given in answers.items()}
    if not gains:
        return Choice("", None, "nothing could be tried", findings)
    best = max(gains, key=lambda name: float(gains[name].mean()))
    said = f"{_right(domains, answers[best])} of {len(domains.labelled)} labelled inputs are given their class"
    instead = f"{_right(domains, before)} by the source model"
    if not beyond_chance(gains[best], len(gains)):
        return Choice("", None, f"{said} by {best}, {instead}, which may be chance; more labels would tell", findings)
    one = next(each for each in tried if each.name == best)
    reason = f"{said}, each by a head that had not seen its label, and {instead}"
    return Choice(best, one.adapted, reason, findings, one.probable, one.seconds)


def held_out_answers(domains: Domains, one: Tried, adaptation: Adaptation) -> np.ndarray:
    """(k, C) probabilities of the labelled inputs, each from what was adapted without its label."""
    if one.depth > 2:  # it learnt from no label
        return one.probable[domains.labelled]
    count = len(domains.labelled)
    order = np.random.default_rng(domains.seed).permutation(count)
    answers = np.zeros((count, domains.task.outputs))
    for fold in np.array_split(order, min(FOLDS, count)):
        rest = np.setdiff1d(order, fold)
        part = replace(domains, labelled=domains.labelled[rest], classes_given=domains.classes_given[rest])
        if adaptation.missing(part):  # a single label: without it there is none
            answers[fold] = probabilities(domains.outputs[domains.labelled[fold]], domains.temperature)
            continue
        made = adaptation.adapt(part)
        answers[fold] = probabilities(made.outputs[domains.labelled[fold]], domains.temperature)
    return answers


def _logarithms(domains: Domains, answers: np.ndarray) -> np.ndarray:
    """(k,) the logarithm of the probability of each label given."""
    return np.log(np.maximum(answers[np.arange(len(answers)), domains.classes_given], LEAST))


def _right(domains: Domains, answers: np.ndarray) -> int:
    return int((answers.argmax(axis=1) == domains.classes_given).sum())


def beyond_chance(gains: np.ndarray, candidates: int) -> bool:
    """Whether the mean of (k,) paired gains, the best of so many `candidates`, is above nought by more than chance.

    By Student's t, one-sided, since the spread of a few is not known well; corrected for the best of several
    (Bonferroni).
    """
    if len(gains) < 2:
        return False
    critical = float(students_t.ppf(1 - CHANCE / candidates, len(gains) - 1))
    return float(gains.mean()) > critical * float(gains.std(ddof=1)) / len(gains) ** 0.5
