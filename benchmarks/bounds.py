"""Whether a figure keeps a bound that a row of planted faults says in words."""

from __future__ import annotations

import operator
import re

_COMPARED = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt}
_DIGITS = 3
"""Of the ends of an interval, as the tables print them."""


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
