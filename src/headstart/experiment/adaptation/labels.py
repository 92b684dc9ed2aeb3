"""Chooses between adaptations by a few labels of the new inputs, each judged by a head that had not seen it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from headstart.adaptations.base import Adaptation, Domains, probabilities
from headstart.experiment.adaptation.choice import Choice, Tried, calm_answers
from headstart.experiment.adaptation.class_shares import rare_classes

FOLDS = 5
FLIPS = 4096
CHANCE = 0.05
"""What is kept must be better beyond chance: so seldom is any of the candidates kept that gains nothing."""

LEAST = 1e-6


def choose_by_labels(domains: Domains, tried: Sequence[Tried], adaptations: Mapping[str, Adaptation]) -> Choice:
    """The candidate whose probabilities of the labels given are highest, if they are higher than the source model's.

    They must be so beyond chance, of which there is more the fewer labels there are, and the more is tried.
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
    if not beyond_chance(np.stack(list(gains.values())), domains.seed):
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


def beyond_chance(gains: np.ndarray, seed: int = 0) -> bool:
    """Whether the highest mean of the paired gains (K, k) of K candidates by k labels is above nought beyond chance.

    Where nothing is gained, a gain is as likely to be a loss of that size: the highest mean of all candidates is
    compared with what it is under other signs of the k labels, all of them or FLIPS at random (Fisher 1935). So
    candidates that say the same count as one (Westfall & Young 1993). Four labels or fewer have too few signs.
    """
    count = gains.shape[1]
    if 2**count <= FLIPS:
        signs = 1 - 2 * ((np.arange(2**count)[:, None] >> np.arange(count)) & 1)
    else:
        signs = np.random.default_rng(seed).choice([-1, 1], size=(FLIPS, count))
        signs[0] = 1
    highest = (signs @ gains.T).max(axis=1)
    as_high = highest >= highest[0] * (1 - 1e-9)
    return bool(highest[0] > 0 and as_high.mean() <= CHANCE)
