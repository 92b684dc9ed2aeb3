"""How the report writes numbers: proportions as percent, other figures with three significant digits."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from headstart.core.results import WITHIN, Figure
from headstart.delivery.report._names import NARROW_SPACE
from headstart.delivery.report.evidence import ReportEvidence

PERCENT = NARROW_SPACE + "%"

NOTHING = "–"

# Coefficients lie between 0 and 1 as well, but are no share of anything: 0.83, never 83 %.
_COEFFICIENTS = {"r2", "r_squared", "spearman", "pearson", "kendall", "mcc", "kappa", "auroc", "roc_auc"}


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


def is_proportion(name: str, higher_is_better: bool, values: Iterable[float]) -> bool:
    """Whether a figure reads best as percent: higher is better, all within 0–1, and no coefficient."""
    finite = [value for value in values if math.isfinite(value)]
    return bool(
        higher_is_better
        and name.rpartition(WITHIN)[2] not in _COEFFICIENTS
        and finite
        and all(0 <= value <= 1 for value in finite)
    )


def writing_of(evidence: ReportEvidence, name: str) -> Writing:
    """One way of writing the figure `name` for the whole page, judged by all its values."""
    values = [value for figure in evidence.figures_named(name) for value in figure]
    return Writing(is_proportion(name, evidence.higher_is_better.get(name, True), values))


def percent(number: float | None) -> str:
    """``0.9791`` → ``97.9 %``."""
    return f"{100 * number:.1f}{PERCENT}" if number is not None and math.isfinite(number) else NOTHING


def three_digits(number: float | None) -> str:
    """``0.41234`` → ``0.412``, ``1234.5`` → ``1,234``, ``-0.5`` → ``−0.500``."""
    if number is None or not math.isfinite(number):
        return NOTHING
    if number == 0:
        return "0"
    text = f"{number:,.0f}" if abs(number) >= 999.5 else f"{number:#.3g}".removesuffix(".")
    return text.replace("-", "−", 1) if number < 0 else text


def count(number: int) -> str:
    """``12345`` → ``12,345``."""
    return f"{number:,}"


def of(number: int, noun: str) -> str:
    """``1 example``, ``2 examples``: `noun` in the singular, with a regular plural."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"
