"""The figure that decides: on which split it judges the model, and how findings write it.

They write it as the report and the terminal do, in percent where it is a share.
"""

from __future__ import annotations

from collections.abc import Iterable

from headstart.core.judged import say_compared
from headstart.core.written_figures import Writing, is_proportion
from headstart.diagnosis.base import Evidence


def judging_split(evidence: Evidence) -> str:
    """The split that judges by that figure: the test split, or validation without one; empty where neither has it."""
    return next((s for s in ("test", "validation") if evidence.watched in evidence.figures.get(s, {})), "")


def judged_on(evidence: Evidence) -> str:
    """The examples of that split, as words that follow "on the".

    Where there is a training split and none for validation, rungs were compared out of fold.
    """
    split = judging_split(evidence)
    unheld = split == "validation" and "train" in evidence.ids and split not in evidence.ids
    return say_compared(0) if unheld else f"{split} examples"


def of_numbers(evidence: Evidence) -> bool:
    """Whether the targets are numbers, whose strata are bands with as many examples each."""
    return "mae" in evidence.higher_is_better


def writing_of(evidence: Evidence, values: Iterable[float]) -> Writing:
    """One way to write all of its `values` that a finding tells."""
    higher_is_better = evidence.higher_is_better.get(evidence.watched, True)
    return Writing(is_proportion(evidence.watched, higher_is_better, values))
