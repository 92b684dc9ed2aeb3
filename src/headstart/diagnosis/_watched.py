"""The figure that decides: on which split it judges the model, and how findings write it.

They write it as the report and the terminal do, in percent where it is a share.
"""

from __future__ import annotations

from collections.abc import Iterable

from headstart.core.written_figures import Writing, is_proportion
from headstart.diagnosis.base import Evidence


def judging_split(evidence: Evidence) -> str:
    """The split that judges by that figure: the test split, or validation without one; empty where neither has it."""
    return next((s for s in ("test", "validation") if evidence.watched in evidence.figures.get(s, {})), "")


def writing_of(evidence: Evidence, values: Iterable[float]) -> Writing:
    """One way to write all of its `values` that a finding tells."""
    higher_is_better = evidence.higher_is_better.get(evidence.watched, True)
    return Writing(is_proportion(evidence.watched, higher_is_better, values))
