"""Overfitting: the model does much better on the examples it learned from than on others."""

from __future__ import annotations

from headstart.core.results import Figure, Finding, Severity
from headstart.diagnosis.base import Diagnosis, Evidence

NOTABLE_GAP, SERIOUS_GAP = 0.05, 0.15
"""Gaps of a figure whose best value is 1 (accuracy, F1, R²), in points of that figure."""

NOTABLE_RATIO, SERIOUS_RATIO = 1.25, 2.0
"""How many times its training value an error (mean absolute error, log-loss) has to be."""


class Overfitting(Diagnosis):
    """Compares the watched figure on the training split with the test split, or validation without one."""

    def examine(self, evidence: Evidence) -> list[Finding]:
        watched = evidence.watched
        held_out = next((s for s in ("test", "validation") if watched in evidence.figures.get(s, {})), None)
        train = evidence.figures.get("train", {}).get(watched)
        if held_out is None or train is None:
            return []
        other, higher = evidence.figures[held_out][watched], evidence.higher_is_better[watched]
        if not _apart(train, other, higher) or not (severity := _severity(train, other, higher)):
            return []
        name = watched.replace("_", " ")
        summary = (
            f"The model's {name} is {train.value:.3g} on the examples it learned from, but {other.value:.3g} "
            f"(95 % interval {other.low:.3g} to {other.high:.3g}) on the {held_out} examples: "
            "some was learned by heart."
        )
        step = "Add examples, above all of the kinds it gets wrong, or fit one that trains less (--strategy)."
        return [Finding("overfitting", severity, summary, next_step=step)]


def _apart(train: Figure, other: Figure, higher_is_better: bool) -> bool:
    """Whether the training figure is better and the two intervals do not overlap."""
    return train.low > other.high if higher_is_better else train.high < other.low


def _severity(train: Figure, other: Figure, higher_is_better: bool) -> Severity | None:
    if higher_is_better:
        gap, notable, serious = train.value - other.value, NOTABLE_GAP, SERIOUS_GAP
    else:
        gap = other.value / train.value if train.value > 0 else float("inf")
        notable, serious = NOTABLE_RATIO, SERIOUS_RATIO
    if gap < notable:
        return None
    return "serious" if gap >= serious else "warning"
