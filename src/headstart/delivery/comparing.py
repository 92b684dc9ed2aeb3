"""New data against what a model knows: whether they differ, what drives it, and what accuracy to expect on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.stats import betabinom, fisher_exact

from headstart.core.errors import InputError
from headstart.core.labelling import copies_of
from headstart.core.results import Figure, Finding, FindingExample, Severity
from headstart.delivery.guard import Guard, NewExamples, half, places, probabilities
from headstart.model.novelty import LEVEL, rank_of_threshold
from headstart.model.two_samples import Separation, classifier_test, mmd_test, within_groups
from headstart.model.unlabelled_accuracy import HeldOut, New, agreement, estimate
from headstart.tasks.base import Task

FEWEST = 10
"""With fewer new inputs hardly any difference could be told from chance."""

MOST = 1000
"""At most so many of each side are compared, drawn at random."""

ALPHA = 0.05
NAMED, NAMED_CLASSES = 10, 3
SETTLE = "Label 100 of them drawn at random and run `headstart evaluate`"

MISMATCH, ACCURACY, UNFAMILIAR, MET = "domain_mismatch", "estimated_accuracy", "unfamiliar", "met_before"

SOME, MOST_OF_THEM = 0.05, 0.5
"""Shares of new inputs that the model has met, beyond which that is a warning, and serious."""


@dataclass(frozen=True)
class Comparison:
    """What the comparison found.

    ``declared`` says whether a difference counts as shown: where both tests see it at 0.05, so that fewer than 1 in
    20 comparisons of equals are declared. ``estimated_accuracy`` and ``mean_confidence`` are None for a task without
    probabilities.
    """

    auc: float
    p_value: float
    mmd: float
    mmd_p_value: float
    estimated_accuracy: Figure | None
    mean_confidence: float | None
    findings: list[Finding]

    @property
    def declared(self) -> bool:
        """Whether new and held-out examples differ."""
        return max(self.p_value, self.mmd_p_value) <= ALPHA

    def to_json(self) -> dict[str, Any]:
        """The published object of ``compare --json``."""
        return {
            "mismatch": {
                "auc": self.auc, "p_value": self.p_value, "mmd": self.mmd, "mmd_p_value": self.mmd_p_value,
            },
            "estimated_accuracy": None if self.estimated_accuracy is None else list(self.estimated_accuracy),
            "mean_confidence": self.mean_confidence,
            "findings": [finding.to_json() for finding in self.findings],
        }  # fmt: skip


def check_enough(count: int) -> None:
    """Fail before anything is computed.

    Raises
    ------
    InputError : fewer than ten new inputs.
    """
    if count < FEWEST:
        raise InputError(
            f"{count} new inputs are too few to compare: at least {FEWEST} are needed, and a few hundred show small "
            "differences. `headstart predict` says of each input whether it is unfamiliar."
        )


def compare(
    task: Task, calibration: Mapping[str, float], guard: Guard, new: NewExamples, noun: str, seed: int = 0
) -> Comparison:
    """Compare `new` with the guard's held-out examples; `noun` is what a person calls them (``images``)."""
    drawn = np.sort(np.random.default_rng(seed).permutation(len(new.ids))[:MOST])
    kept = half(torch.from_numpy(new.features))  # as the guard's are: rounding is no difference
    reference, features = guard.held_out.astype(np.float32), kept[drawn].astype(np.float32)
    told = classifier_test(reference, features, seed)
    mean = mmd_test(reference, features, seed)
    probable = probabilities(task, new.outputs, calibration)
    predicted = places(probable)
    accuracy, confidence = None, _confidence(task, calibration, guard, new)
    if confidence is not None:
        accuracy = _accuracy(guard, new, confidence, probable, _within_classes(guard, told, predicted, drawn))
    average = None if confidence is None else float(confidence.mean())
    both = Comparison(told.value, told.p_value, mean.value, mean.p_value, accuracy, average, [])
    both.findings.extend(_met(guard, new.ids, kept, noun))
    both.findings.append(_mismatch(both, guard, [new.ids[i] for i in drawn], told, noun))
    if both.declared and len(predicted):
        labels = [str(label) for label in task.describe().get("labels", [])]
        both.findings.extend(_by_class(labels, guard, predicted, noun))
    both.findings.extend(_unfamiliar(guard, new, noun))
    if accuracy is not None and average is not None:
        both.findings.append(_expected(accuracy, average, float(guard.right.mean()), len(guard.right), noun))
    elif probable is None:
        both.findings.append(_not_expected(task, noun))
    return both


def _confidence(task: Task, calibration: Mapping[str, float], guard: Guard, new: NewExamples) -> np.ndarray | None:
    """The probability of each prediction, (N,); None where the task gives none."""
    given = task.decode(new.outputs, calibration).probability
    known = len(guard.confidence) > 0 and all(isinstance(value, float) for value in given)
    return np.array(given) if known else None


def _within_classes(guard: Guard, told: Separation, predicted: np.ndarray, drawn: np.ndarray) -> float:
    """How well the new examples `drawn` are told from held-out ones for which the same class is predicted.

    0.5, as by chance, for a task that gives no probabilities of labels, as one of several targets.
    """
    if not len(predicted):
        return 0.5
    labels = np.repeat([0.0, 1.0], [len(guard.held_out_places), len(drawn)])
    return within_groups(told.scores, labels, np.concatenate([guard.held_out_places, predicted[drawn]]))


def _accuracy(
    guard: Guard, new: NewExamples, confidence: np.ndarray, probable: np.ndarray | None, within: float
) -> Figure:
    if probable is None:
        probable = np.zeros((len(confidence), 0))
    agreed = agreement(new.nearest, guard.classes, places(probable)) if len(guard.classes) else 1.0
    held = HeldOut(guard.confidence, guard.right, guard.shares, guard.agreement)
    return estimate(held, New(confidence, probable, agreed, within))


def _mismatch(found: Comparison, guard: Guard, ids: Sequence[str], told: Separation, noun: str) -> Finding:
    """Whether the two differ, and the new examples by which they are told apart best."""
    held, count, mmd = len(guard.held_out), len(ids), f"{found.mmd:z.3f}"
    figures = (
        f"a classifier tells {count} new from {held} {guard.reference} {noun} with an area under the ROC curve of "
        f"{found.auc:.2f} (0.5 is chance, p = {found.p_value:.3f}); MMD {mmd} (p = {found.mmd_p_value:.3f})"
    )
    trained = "" if guard.unseen else (
        f" The network has trained on these {guard.reference} examples, so part of a difference may be of its own "
        "making: fit with a test split for p-values that hold."
    )  # fmt: skip
    if not found.declared:
        step = "Small differences show with more examples only."
        return Finding(MISMATCH, "info", f"{_undeclared(found)}: {figures}.{trained}", next_step=step)
    scores = told.scores[held:]
    worst = np.argsort(-scores, kind="stable")[:NAMED]
    examples = [FindingExample(ids[i], round(float(scores[i]), 4)) for i in worst]
    severity: Severity = "serious" if found.auc >= 0.9 else "warning"
    step = (
        f"Look at the {noun} named here, which are the least like the {guard.reference} ones. If they are what the "
        "model will meet, label some of them and fit on both."
    )
    return Finding(MISMATCH, severity, f"The new {noun} differ: {figures}.{trained}", examples, step)


def _undeclared(found: Comparison) -> str:
    """That no difference counts as shown, and where one of the two tests sees one, that it does."""
    if min(found.p_value, found.mmd_p_value) > ALPHA:
        return "No difference was found"
    first, second = ("the classifier", "MMD") if found.p_value <= ALPHA else ("MMD", "the classifier")
    return f"No difference is declared, for which both tests must see one: {first} sees one, and {second} does not"


def _met(guard: Guard, ids: Sequence[str], kept: np.ndarray, noun: str) -> list[Finding]:
    """Which new inputs are examples that the guard keeps, told by their features as it keeps them; nothing where none
    are."""
    learnt = copies_of(guard.familiar[-1], kept)
    judged = copies_of(guard.held_out, kept) & ~learnt
    places = np.flatnonzero(learnt | judged)
    count, total = len(places), len(ids)
    if not count:
        return []
    summary = (
        f"At least {count:,} of the {total:,} {noun} are not new: the model learned from {int(learnt.sum()):,} of "
        f"them, and {int(judged.sum()):,} were held out when it was fitted, as far as it remembers. What is said of "
        f"all {total:,} is too good by that."
    )
    share = count / total
    severity: Severity = "serious" if share > MOST_OF_THEM else "warning" if share > SOME else "info"
    examples = [FindingExample(ids[place], 1.0) for place in places[:NAMED]]
    return [Finding(MET, severity, summary, examples, f"Compare with {noun} that the model has not met.")]


def _by_class(labels: Sequence[str], guard: Guard, new: np.ndarray, noun: str) -> list[Finding]:
    """The predicted classes whose share changed most, as far as that is no chance (Fisher's exact test)."""
    changed, held = [], guard.held_out_places
    for place, label in enumerate(labels):
        a, b = int((held == place).sum()), int((new == place).sum())
        chance = fisher_exact([[a, len(held) - a], [b, len(new) - b]])[1]
        if chance * len(labels) <= ALPHA:
            changed.append((b / len(new) - a / len(held), label, a / len(held), b / len(new)))
    changed.sort(key=lambda each: -abs(each[0]))
    if not changed:
        return []
    said = "; ".join(f"{label} {100 * now:.0f} % instead of {100 * then:.0f} %" for _, label, then, now in
                     changed[:NAMED_CLASSES])  # fmt: skip
    summary = f"Other classes are predicted than for the {guard.reference} {noun}: {said}."
    step = "Either these classes are now as common as that, or the model takes the new inputs for them."
    return [Finding(MISMATCH, "warning", summary, next_step=step)]


def _unfamiliar(guard: Guard, new: NewExamples, noun: str) -> list[Finding]:
    """How many of the new inputs are unfamiliar, where that is more than chance."""
    strange = new.strange > guard.threshold
    count, total = int(strange.sum()), len(strange)
    if _by_chance(count, total, len(guard.held_out)) > ALPHA:
        return []
    worst = np.argsort(-new.strange, kind="stable")[: min(NAMED, count)]
    summary = (
        f"{count} of {total} new {noun} ({100 * count / total:.0f} %) are unfamiliar: farther from the training "
        f"examples than {100 * LEVEL:.0f} % of {guard.reference} ones."
    )
    examples = [FindingExample(new.ids[i], round(float(new.strange[i]), 4)) for i in worst]
    severity: Severity = "serious" if 2 * count > total else "warning"
    step = "`headstart predict --abstain` gives no answer for such inputs."
    return [Finding(UNFAMILIAR, severity, summary, examples, step)]


def _by_chance(count: int, total: int, held: int) -> float:
    """The chance that at least `count` of `total` inputs lie beyond the threshold, if they are like the `held` ones.

    The threshold is the k-th of n scores, so the share beyond it is Beta(n - k + 1, k) distributed, 5 % only on
    average: with few held-out examples it may well be 10 %.
    """
    rank = rank_of_threshold(held)
    return float(betabinom(total, held - rank + 1, rank).sf(count - 1))


def _not_expected(task: Task, noun: str) -> Finding:
    """Why no accuracy is estimated of a model without probabilities."""
    summary = (
        f"How many predictions for the new {noun} are right is not estimated: a model for {task.name} predicts "
        f"{task.predicted()}, and gives no probability that a whole answer is right."
    )
    return Finding(ACCURACY, "info", summary, next_step=f"{SETTLE}.")


def _expected(accuracy: Figure, confidence: float, before: float, held: int, noun: str) -> Finding:
    """The accuracy to expect, beside what was reached before and what the confidence promises."""
    value, low, high = (100 * share for share in accuracy)
    summary = (
        f"About {value:.0f} % of the predictions for the new {noun} are expected to be right "
        f"({low:.0f}–{high:.0f} %); {100 * before:.0f} % of those for {held} of the fit were, each judged by a "
        f"network that had not seen it. The mean confidence is {100 * confidence:.0f} %. The estimate takes for "
        f"granted that there are no new classes, and, where the {noun} themselves look different, that each class is "
        "about as common as before."
    )
    severity: Severity = (
        "serious" if before - accuracy.value > 0.25 else "warning" if before - accuracy.value > 0.1 else "info"
    )
    return Finding(ACCURACY, severity, summary, next_step=f"{SETTLE}: that settles it within 10 points.")
