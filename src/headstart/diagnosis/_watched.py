"""How findings write the figure that decides: as the report and the terminal do, in percent where it is a share."""

from __future__ import annotations

from collections.abc import Iterable

from headstart.core.written_figures import Writing, is_proportion
from headstart.diagnosis.base import Evidence


def writing_of(evidence: Evidence, values: Iterable[float]) -> Writing:
    """One way to write all of its `values` that a finding tells."""
    higher_is_better = evidence.higher_is_better.get(evidence.watched, True)
    return Writing(is_proportion(evidence.watched, higher_is_better, values))
