"""Unreadable: inputs that were set aside because they cannot be decoded."""

from __future__ import annotations

from headstart.core.results import Finding, FindingExample
from headstart.diagnosis._counting import counted, share
from headstart.diagnosis.base import Diagnosis, Evidence

SERIOUS_SHARE = 0.01


class Unreadable(Diagnosis):
    """Names the examples that were set aside; serious beyond 1 %, else a warning. The score of an example is 1."""

    def examine(self, evidence: Evidence) -> list[Finding]:
        broken = evidence.set_aside
        if not broken:
            return []
        whole = len(broken) + sum(map(len, evidence.ids.values()))
        return [
            Finding(
                "unreadable",
                "serious" if len(broken) > SERIOUS_SHARE * whole else "warning",
                f"{counted(len(broken), 'example')} of {whole:,} ({share(len(broken), whole)}) cannot be read and "
                f"were set aside, e.g. {broken[0]}.",
                [FindingExample(problem.where, 1.0) for problem in broken],
                "Mend these files or remove them.",
            )
        ]
