"""What a measured figure must reach, and how a table says whether it does."""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass

VERDICT = {None: "", True: "yes", False: "NO"}
_COMPARED = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt}
_DIGITS = 3
"""Of the ends of an interval, as the tables print them."""


@dataclass(frozen=True)
class Target:
    """A bound that a figure must keep; `at_least` turns it round."""

    bound: float
    at_least: bool = False

    def holds(self, figure: float) -> bool:
        """Whether `figure` keeps the bound."""
        return figure >= self.bound if self.at_least else figure <= self.bound

    def words(self) -> str:
        """``at most 1.25``."""
        return f"at {'least' if self.at_least else 'most'} {self.bound:g}"


def holds(must: str | None, figure: float) -> bool | None:
    """Whether `figure` keeps a bound as a row says it, ``>= 0.95`` or ``0.830 to 0.964``; None where it says none.

    Raises
    ------
    ValueError : the bound cannot be read.
    """
    if not must:
        return None
    if found := re.fullmatch(r"(<=|<|>=|>) (\S+)", must):
        return bool(_COMPARED[found[1]](figure, float(found[2])))
    if found := re.fullmatch(r"(\S+) to (\S+)", must):
        return float(found[1]) <= round(figure, _DIGITS) <= float(found[2])
    raise ValueError(f"{must!r} is no bound; write for example '>= 0.95' or '0.83 to 0.96'")


def summary(reached: Sequence[bool | None], failed: int) -> str:
    """``reached 3 of 4; 0 measurements failed``, of the rows that have a bound."""
    judged = [each for each in reached if each is not None]
    return f"reached {sum(judged)} of {len(judged)}; {failed} measurements failed"
