"""Figures as a person reads them: names in words, proportions as percent, others with three significant digits."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from headstart.core.results import WITHIN, Figure

NARROW_SPACE = "\u202f"
"""Joins a number and its unit, and never breaks."""

PERCENT, POINTS = NARROW_SPACE + "%", NARROW_SPACE + "points"

NOTHING = "–"

# Coefficients lie between 0 and 1 as well, but are no share of anything: 0.83, never 83 %.
_COEFFICIENTS = {"r2", "r_squared", "spearman", "pearson", "kendall", "mcc", "kappa", "auroc", "roc_auc"}


_WORDS = {
    "r2": "R²",
    "f1": "F1",
    "mae": "mean absolute error",
    "mse": "mean squared error",
    "rmse": "root mean squared error",
    "auroc": "AUROC",
    "roc_auc": "AUROC",
    "mcc": "Matthews correlation",
    "iou": "IoU",
    "miou": "mean IoU",
    "map": "mAP",
    "map50": "mAP@50",
    "map75": "mAP@75",
    "box_map": "mAP of boxes",
    "box_map50": "mAP@50 of boxes",
    "box_map75": "mAP@75 of boxes",
    "grad_cam": "Grad-CAM",
    "hires_cam": "HiResCAM",
    "average_precision_50": "average precision@50",
    "class_dice": "Dice",
    "doubt_auroc": "AUROC of doubt",
}

_MEANINGS = {
    "doubt_auroc": "how often a wrong place is less sure than a right one; by chance half the time",
}
"""Of figures that are named after something of this project's own."""


@dataclass(frozen=True)
class Writing:
    """How every value of one figure is written."""

    proportion: bool

    def value(self, number: float | None) -> str:
        """``0.9791`` → ``97.9 %`` or ``0.979``; not a number → ``–``."""
        return percent(number) if self.proportion else three_digits(number)

    def interval(self, figure: Figure) -> str:
        """``95.2–99.2 %`` or ``0.412–0.447``, with "to" where a minus sign would meet the dash."""
        low, high = self.value(figure.low), self.value(figure.high)
        if NOTHING in (low, high):
            return NOTHING
        if self.proportion:
            low = low.removesuffix(PERCENT)
        return f"{low} to {high}" if figure.low < 0 else f"{low}–{high}"

    def distance(self, number: float) -> str:
        """How far two values are apart, without a sign: ``12.3 points`` or ``0.123``."""
        if not self.proportion or not math.isfinite(number):
            return three_digits(abs(number))
        return f"{100 * abs(number):.1f}{POINTS}"

    def difference(self, number: float) -> str:
        """``+12.3 points`` or ``−0.123``."""
        distance = self.distance(number)
        nought = self.proportion and distance == self.distance(0.0)  # what is written as nought has no minus
        return distance if distance == NOTHING else ("−" if number < 0 and not nought else "+") + distance

    def range(self, difference: Figure) -> str:
        """The interval of a difference: ``−0.3 to +2.7 points``."""
        return f"{self.difference(difference.low).removesuffix(POINTS)} to {self.difference(difference.high)}"


def is_proportion(name: str, higher_is_better: bool, values: Iterable[float]) -> bool:
    """Whether a figure reads best as percent: higher is better, all within 0–1, and no coefficient."""
    finite = [value for value in values if math.isfinite(value)]
    return bool(
        higher_is_better
        and name.rpartition(WITHIN)[2] not in _COEFFICIENTS
        and finite
        and all(0 <= value <= 1 for value in finite)
    )


def words(name: str) -> str:
    """A figure's, rung's or diagnosis's name: ``macro_f1`` → ``macro F1``; ``team: mae`` keeps the target's name."""
    if WITHIN in name:
        target, _, own = name.rpartition(WITHIN)
        return target + WITHIN + words(own)
    if name in _WORDS:
        return _WORDS[name]
    return " ".join(_WORDS.get(part, part) for part in name.split("_"))


def meaning(name: str) -> str:
    """A few words on a figure whose name says too little; mostly none."""
    return _MEANINGS.get(name.rpartition(WITHIN)[2], "")


def percent(number: float | None) -> str:
    """``0.9791`` → ``97.9 %``."""
    return f"{100 * number:z.1f}{PERCENT}" if number is not None and math.isfinite(number) else NOTHING


def three_digits(number: float | None) -> str:
    """``0.41234`` → ``0.412``, ``1234.5`` → ``1,234``, ``-0.5`` → ``−0.500``."""
    if number is None or not math.isfinite(number):
        return NOTHING
    if number == 0:
        return "0"
    text = f"{number:,.0f}" if abs(number) >= 999.5 else f"{number:#.3g}".removesuffix(".")
    return text.replace("-", "−", 1) if number < 0 else text


def plain(text: str) -> str:
    """`text` with plain spaces, as terminals and files have them."""
    return text.replace(NARROW_SPACE, " ")
