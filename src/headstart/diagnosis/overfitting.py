"""Overfitting: the model does much better on the examples it learned from than on others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from headstart.core.results import Figure, Finding, Severity
from headstart.core.written_figures import plain, words
from headstart.diagnosis._watched import judged_on, judging_split, writing_of
from headstart.diagnosis.base import Diagnosis, Evidence

NOTABLE_GAP, SERIOUS_GAP = 0.05, 0.15
"""Gaps of a figure whose best value is 1 (accuracy, F1, R²), in points of that figure."""

NOTABLE_RATIO, SERIOUS_RATIO = 1.25, 2.0
"""How many times its training value an error (mean absolute error, log-loss) has to be."""

STEP = "Add examples, above all of the kinds it gets wrong, or fit one that trains less (--strategy)."

LOSSES = {"train_loss", "validation_loss"}


class Overfitting(Diagnosis):
    """Compares the watched figure on the training split with the test split, or validation without one.

    It says how wide the gap is, and after which epoch the curves part; a gap that is small, or whose 95 % interval
    holds nought, is information.
    """

    def examine(self, evidence: Evidence) -> list[Finding]:
        watched, held_out = evidence.watched, judging_split(evidence)
        train = evidence.figures.get("train", {}).get(watched)
        if not held_out or train is None:
            return []
        other, higher = evidence.figures[held_out][watched], evidence.higher_is_better[watched]
        gap, writing = _gap(train, other, higher), writing_of(evidence, (*train, *other))
        severity = _width(train, other, higher) if gap.low > 0 else "info"
        summary = plain(
            f"The model's {words(watched)} is {writing.value(train.value)} on the examples it learned from, "
            f"{_but(severity)} {writing.value(other.value)} (95 % interval {writing.interval(other)}) on the "
            f"{judged_on(evidence)}, a gap of {writing.difference(gap.value)} ({writing.range(gap)}): "
            f"{_verdict(severity, gap)}."
        )
        step = "Nothing: overfitting is not shown." if severity == "info" else STEP
        return [Finding("overfitting", severity, summary + _parting(evidence.epochs), next_step=step)]


def _but(severity: Severity) -> str:
    return "and" if severity == "info" else "but"


def _verdict(severity: Severity, gap: Figure) -> str:
    if severity != "info":
        return "some was learned by heart"
    if gap.high < 0:
        return "it does no worse on new ones"
    return "too little to matter" if gap.low > 0 else "no more than chance may make"


def _gap(train: Figure, other: Figure, higher_is_better: bool) -> Figure:
    """How much better a figure is on the training examples than on others, with its interval from theirs.

    The distances of the near bounds, and those of the far ones, add up as squares: Newcombe (1998), "Interval
    estimation for the difference between independent proportions", method 10, where the two intervals are Wilson's.
    """
    upper, lower = (train, other) if higher_is_better else (other, train)
    value = upper.value - lower.value
    below = math.hypot(upper.value - upper.low, lower.high - lower.value)
    above = math.hypot(upper.high - upper.value, lower.value - lower.low)
    return Figure(value, value - below, value + above)


def _parting(epochs: Sequence[Mapping[str, float]]) -> str:
    """A sentence on where the curves part: the held-out loss is least, and the training loss goes on falling."""
    losses = [(each["train_loss"], each["validation_loss"]) for each in epochs if each.keys() >= LOSSES]
    if len(losses) < 2:
        return ""
    least = min(range(len(losses)), key=lambda epoch: losses[epoch][1])
    if least == len(losses) - 1:
        return (
            f" The loss on held-out examples fell until the last of {len(losses)} epochs, so the curves do not part."
        )
    if losses[-1][0] >= losses[least][0]:
        return ""
    held_out, training = ([f"{losses[epoch][kind]:.3g}" for epoch in (least, -1)] for kind in (1, 0))
    if held_out[0] == held_out[1] or training[0] == training[1]:
        return ""  # a difference that the figures do not show is none to speak of
    return (
        f" The curves part after epoch {least + 1} of {len(losses)}: from there the loss on held-out examples went "
        f"from {held_out[0]} to {held_out[1]}, while that on training examples fell from "
        f"{training[0]} to {training[1]}. The weights kept are those of the best epoch."
    )


def _width(train: Figure, other: Figure, higher_is_better: bool) -> Severity:
    """How grave a gap is by its size alone, whatever chance may have made."""
    if higher_is_better:
        gap, notable, serious = train.value - other.value, NOTABLE_GAP, SERIOUS_GAP
    else:
        gap = other.value / train.value if train.value > 0 else float("inf")
        notable, serious = NOTABLE_RATIO, SERIOUS_RATIO
    if gap < notable:
        return "info"
    return "serious" if gap >= serious else "warning"
