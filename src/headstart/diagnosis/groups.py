"""Groups: examples that belong together, by their names, lie in different splits."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from headstart.core.grouping import Inferred, infer_groups
from headstart.core.results import Finding, FindingExample
from headstart.diagnosis._counting import counted, share
from headstart.diagnosis._stacked import rows_of, stacked
from headstart.diagnosis.base import Diagnosis, Evidence

SERIOUS_SHARE = 0.1
_JUDGED = ("test", "validation")


class Groups(Diagnosis):
    """Infers groups (patient, video, scene, author, burst of photos) and looks for those that the splits tear apart.

    With features, names are believed only when members of a group are more alike than others of the same class.
    Serious when more than 10 % of the examples that judge the model belong with examples it learned from, else a
    warning. The score of an example is the share of its group that lies in another split.
    """

    def examine(self, evidence: Evidence) -> list[Finding]:
        rows = rows_of(evidence.ids)
        strata = stacked({s: np.array(own, dtype=object) for s, own in evidence.strata.items()}, evidence.ids)
        inferred = infer_groups(
            [evidence.ids[split][place] for split, place in rows],
            stacked(evidence.features, evidence.ids),
            None if strata is None else strata.tolist(),
        )
        return [] if inferred is None else _torn(evidence, inferred, rows)


def _torn(evidence: Evidence, inferred: Inferred, rows: list[tuple[str, int]]) -> list[Finding]:
    members: dict[str, list[int]] = defaultdict(list)
    for i, group in enumerate(inferred.groups):
        members[group].append(i)
    torn = {group: own for group, own in members.items() if len({rows[i][0] for i in own}) > 1}
    if not torn:
        return []
    judging = next((split for split in _JUDGED if len(evidence.ids.get(split, ()))), "")
    scores = {
        i: sum(rows[j][0] != judging for j in own) / len(own)
        for own in torn.values()
        for i in own
        if rows[i][0] == judging
    }
    total = len(evidence.ids.get(judging, ()))
    worst = sorted(scores, key=lambda i: -scores[i])
    return [
        Finding(
            "groups",
            "serious" if len(scores) > SERIOUS_SHARE * total else "warning",
            f"The names suggest {counted(inferred.count, 'group')} that belong together ({inferred.pattern}, e.g. "
            f"{', '.join(inferred.example)}){_alike(inferred)}; the splits tear {len(torn):,} of them apart, so that "
            f"{counted(len(scores), f'{judging} example')} ({share(len(scores), total)}) belong with examples of "
            f"other splits, and the {judging} figures are better than they should be.",
            [FindingExample(_name(evidence, rows[i]), scores[i]) for i in worst],
            _next_step(evidence, judging),
        )
    ]


def _next_step(evidence: Evidence, judging: str) -> str:
    if judging in evidence.given:
        return (
            f"The {judging} split was given, so divide the examples anew: hand them over without splits and with "
            "--group auto, which keeps these groups whole."
        )
    return "Fit with --group auto, which keeps these groups whole, or name a column that holds them with --group."


def _alike(inferred: Inferred) -> str:
    if inferred.likeness is None:
        return ""
    return f", whose members are more alike than others of their class in {inferred.likeness:.0%} of comparisons"


def _name(evidence: Evidence, row: tuple[str, int]) -> str:
    return evidence.ids[row[0]][row[1]]
