"""Imbalance: some classes have far fewer examples to learn from than others."""

from __future__ import annotations

from collections import Counter

from headstart.core.results import Finding
from headstart.diagnosis._counting import counted
from headstart.diagnosis._learnable import learnable, once
from headstart.diagnosis.base import Diagnosis, Evidence

LARGEST_RATIO, SERIOUS_RATIO = 10.0, 100.0
_NAMED = 5


class Imbalance(Diagnosis):
    """Counts the examples to learn from of every stratum (class, rarest label, band of a number).

    A warning when the largest has more than 10 times as many as another, serious beyond 100 times; that there are
    few at all is for ``few_examples`` to say. The score of an example is one minus how many its stratum has, as a
    share of the largest.
    """

    def examine(self, evidence: Evidence) -> list[Finding]:
        ids, strata, noun = learnable(evidence)
        counts = Counter(strata)
        if len(counts) < 2:
            return []
        common, most = counts.most_common(1)[0]
        few = {name: n for name, n in counts.items() if n * LARGEST_RATIO < most}
        if not few:
            return []
        listed = zip(ids, strata, strict=True)
        return [
            Finding(
                "imbalance",
                "serious" if min(few.values()) * SERIOUS_RATIO < most else "warning",
                _summary(few, common, most, noun),
                once((i, 1 - few[stratum] / most) for i, stratum in listed if stratum in few),
                f"Add examples of {min(few, key=lambda name: few[name])!r} first, and read the figures per "
                f"class{_why(evidence)}.",
            )
        ]


def _why(evidence: Evidence) -> str:
    """Why figures per class are to be read, where one figure counts examples of all classes alike."""
    return ": overall accuracy hides what rare classes lose" if "accuracy" in evidence.higher_is_better else ""


def _summary(few: dict[str, int], common: str, most: int, noun: str) -> str:
    rising = sorted(few.items(), key=lambda item: (item[1], item[0]))
    named = ", ".join(f"{name!r} {n}" for name, n in rising[:_NAMED])
    more = f" and {len(few) - _NAMED} more alike" if len(few) > _NAMED else ""
    times = most / rising[0][1]
    return (
        f"{noun.capitalize()}s are unevenly spread: {named}{more}; the most common, {common!r}, has "
        f"{counted(most, 'object' if noun == 'object' else 'example')}, {times:.0f} times as many."
    )
