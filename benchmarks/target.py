"""What a figure must reach, whether it does, and how many of those judged did."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

SAID = re.compile(r"(low end )?(at most|at least|not below|above) ([-+]?\d+(?:\.\d+)?)")
VERDICTS = {None: "", True: "yes", False: "NO"}


@dataclass(frozen=True)
class Target:
    """A bound that a figure must keep.

    ``at_least`` turns it round, ``strict`` leaves the bound itself out, and ``low_end`` asks it of the low end of
    the figure's interval.
    """

    bound: float
    at_least: bool = False
    strict: bool = False
    low_end: bool = False

    @classmethod
    def said(cls, words: str) -> Target | None:
        """The inverse of :meth:`words`; None where the words ask for what only a person can judge."""
        found = SAID.fullmatch(words.strip())
        if found is None:
            return None
        low_end, how, bound = found.groups()
        return cls(float(bound), how != "at most", how == "above", bool(low_end))

    def holds(self, figure: float, low: float | None = None) -> bool:
        """Whether `figure`, or the low end `low` of its interval, keeps the bound."""
        judged = low if self.low_end and low is not None else figure
        if self.strict and judged == self.bound:
            return False
        return judged >= self.bound if self.at_least else judged <= self.bound

    def words(self) -> str:
        """``at most 1.25``."""
        how = "above" if self.strict else f"at {'least' if self.at_least else 'most'}"
        return f"{'low end ' if self.low_end else ''}{how} {self.bound:g}"


def tally(reached: Iterable[bool | None], failed: int) -> str:
    """How many figures reached what they must, of those of which anything is asked."""
    judged = [each for each in reached if each is not None]
    return f"reached {sum(judged)} of {len(judged)}; {failed} measurements failed"
