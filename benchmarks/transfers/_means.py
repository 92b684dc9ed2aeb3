"""Means of paired differences over test examples, seeds and sets, each with its 95 % interval."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from figures import Z

Differences = list[tuple[str, float]]
"""A difference for each test example, which is known by its input."""


class Mean(NamedTuple):
    """A mean with its interval, and what it is a mean of."""

    value: float
    low: float
    high: float

    @property
    def error(self) -> float:
        """The standard error."""
        return (self.high - self.low) / (2 * Z)

    def row(self, name: str, seed: Any, figure: str, **more: Any) -> dict[str, Any]:
        """A row of the table."""
        interval = [self.low, self.high]
        return {"set": name, "seed": seed, "figure": figure, "value": self.value, "interval": interval, **more}


def mean_of(differences: Differences) -> Mean:
    """The mean over examples. One that several seeds drew counts as one: what it gave them is no independent news.

    value = sum_i s_i / sum_i n_i over the examples i, with s_i the sum of the n_i differences of i, and the standard
    error sqrt(N / (N - 1) sum_i (s_i - n_i value)^2) / sum_i n_i of N examples. Sets drawn anew are not in it.
    """
    each: dict[str, list[float]] = defaultdict(list)
    for example, difference in differences:
        each[example].append(difference)
    value = sum(difference for _, difference in differences) / len(differences)
    squares = sum((sum(found) - len(found) * value) ** 2 for found in each.values())
    error = math.sqrt(squares * len(each) / max(1, len(each) - 1)) / len(differences)
    return Mean(value, value - Z * error, value + Z * error)


def over_sets(means: Sequence[Mean]) -> Mean:
    """The mean of the sets' means, each set counting as much; its interval is for these sets, not for others."""
    value = sum(each.value for each in means) / len(means)
    error = math.sqrt(sum(each.error**2 for each in means)) / len(means)
    return Mean(value, value - Z * error, value + Z * error)
