"""The statistics of the benchmark: intervals, macro-F1, and paired comparison on the same test examples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from scipy.stats import binomtest, t
from sklearn.metrics import f1_score

Z = 1.959964
"""The normal quantile of a 95 % interval."""


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % score interval of a proportion (Wilson 1927)."""
    if total == 0:
        return 0.0, 1.0
    share, shrink = right / total, 1 + Z**2 / total
    centre = (share + Z**2 / (2 * total)) / shrink
    half = Z / shrink * math.sqrt(share * (1 - share) / total + Z**2 / (4 * total**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def mean_over_seeds(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean of n values and its 95 % interval, mean ± t(0.975, n - 1) s / √n; for one value NaN."""
    mean, count = fmean(values), len(values)
    half = float(t.ppf(0.975, count - 1)) * stdev(values) / math.sqrt(count) if count > 1 else math.nan
    return mean, mean - half, mean + half


def macro_f1(truth: Sequence[str], labels: Sequence[str]) -> float:
    """The unweighted mean of the classes' F1; a class never predicted counts 0."""
    return float(f1_score(truth, labels, average="macro", zero_division=0))


@dataclass(frozen=True)
class Comparison:
    """A method's accuracy minus another's, with a 95 % interval and a two-sided p-value."""

    difference: float
    low: float
    high: float
    p: float
    paired: bool

    @property
    def verdict(self) -> str:
        """Words for the table: only a p-value under 0.05 counts."""
        if self.p >= 0.05:
            return "no significant difference"
        return "significantly below" if self.difference < 0 else "significantly above"


def paired(one: str, other: str) -> Comparison:
    """Compare two strings of ``1`` right, ``0`` wrong, ``-`` unknown, one character a test example.

    The p-value is McNemar's exact test on the examples that only one of them got right.
    """
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if "-" not in (a, b)]
    total = len(pairs)
    won, lost = pairs.count(("1", "0")), pairs.count(("0", "1"))
    difference = (won - lost) / total
    half = Z * math.sqrt(max(0.0, won + lost - (won - lost) ** 2 / total)) / total
    p = binomtest(won, won + lost, 0.5).pvalue if won + lost else 1.0
    return Comparison(difference, difference - half, difference + half, float(p), True)


def unpaired(one: float, other: float, total: int) -> Comparison:
    """Compare two accuracies on `total` examples each as independent proportions (normal approximation)."""
    difference = one - other
    error = math.sqrt((one * (1 - one) + other * (1 - other)) / total)
    pooled = (one + other) / 2
    spread = math.sqrt(2 * pooled * (1 - pooled) / total)
    p = math.erfc(abs(difference) / spread / math.sqrt(2)) if spread else 1.0
    return Comparison(difference, difference - Z * error, difference + Z * error, p, False)
