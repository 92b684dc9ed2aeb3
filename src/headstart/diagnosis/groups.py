"""Groups: examples that belong together, as the person, a name or a column says, lie in different splits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headstart.core.grouping import Inferred, heeded_groups
from headstart.core.results import Finding, FindingExample, Severity
from headstart.diagnosis._counting import counted, percent, share
from headstart.diagnosis._stacked import rows_of, stacked
from headstart.diagnosis.base import Diagnosis, Evidence

SERIOUS_SHARE = 0.1
_JUDGED = ("test", "validation")
_SHOWN = 3


class Groups(Diagnosis):
    """Looks for groups (patient, video, scene, author, burst of photos) that the splits tear apart.

    First those that the person named; where these are whole, those that names and columns show. Names that say it are
    heeded even where features do not show that members of a group are more alike than others of the same class, but
    that is a warning at most. Else serious when more than 10 % of the examples that judge the model belong with
    examples it learned from. The score of an example is the share of its group that lies in another split.
    """

    def examine(self, evidence: Evidence) -> list[Finding]:
        rows = rows_of(evidence.ids)
        if torn := _torn(rows, _column(evidence.groups, rows)):
            return [_finding(evidence, rows, torn, _named(evidence, rows, torn), _severity(evidence, torn), "")]
        features = stacked(evidence.features, evidence.ids)
        inferred = _inferred(evidence, rows, features)
        if inferred is None or not (torn := _torn(rows, inferred.groups)):
            return []
        doubted = features is not None and inferred.likeness is None
        severity = "warning" if doubted else _severity(evidence, torn)
        return [_finding(evidence, rows, torn, _suggested(inferred, torn, doubted), severity, "--group auto")]


Rows = Sequence[tuple[str, int]]


@dataclass(frozen=True)
class _Torn:
    """Of ``count`` groups those with members in several splits; ``scores`` are of the examples in ``judging``."""

    count: int
    groups: dict[str, list[int]]
    judging: str
    scores: dict[int, float]


def _torn(rows: Rows, groups: Sequence[str | None]) -> _Torn | None:
    """None where the groups are whole."""
    members: dict[str, list[int]] = defaultdict(list)
    for i, group in enumerate(groups):
        if group is not None:
            members[group].append(i)
    torn = {group: own for group, own in members.items() if len({rows[i][0] for i in own}) > 1}
    if not torn:
        return None
    judging = next(split for split in _JUDGED if any(rows[i][0] == split for own in torn.values() for i in own))
    scores = {
        i: sum(rows[j][0] != judging for j in own) / len(own)
        for own in torn.values()
        for i in own
        if rows[i][0] == judging
    }
    return _Torn(sum(len(own) > 1 for own in members.values()), torn, judging, scores)


def _inferred(evidence: Evidence, rows: Rows, features: np.ndarray | None) -> Inferred | None:
    strata = stacked({s: np.array(own, dtype=object) for s, own in evidence.strata.items()}, evidence.ids)
    names = dict.fromkeys(name for own in evidence.columns.values() for name in own)
    columns = {
        name: _column({split: own.get(name, ()) for split, own in evidence.columns.items()}, rows) for name in names
    }
    return heeded_groups(_ids(evidence, rows), features, None if strata is None else strata.tolist(), columns)


def _column(values: Any, rows: Rows) -> list[Any]:
    """One entry an example; None where its split has none."""
    return [values[split][place] if len(values.get(split, ())) else None for split, place in rows]


def _ids(evidence: Evidence, rows: Rows) -> list[str]:
    return [evidence.ids[split][place] for split, place in rows]


def _severity(evidence: Evidence, torn: _Torn) -> Severity:
    return "serious" if len(torn.scores) > SERIOUS_SHARE * len(evidence.ids[torn.judging]) else "warning"


def _finding(evidence: Evidence, rows: Rows, torn: _Torn, what: str, severity: Severity, option: str) -> Finding:
    ids, total = _ids(evidence, rows), len(evidence.ids[torn.judging])
    worst = sorted(torn.scores, key=lambda i: -torn.scores[i])
    return Finding(
        "groups",
        severity,
        f"{what}, so that {counted(len(torn.scores), f'{torn.judging} example')} ({share(len(torn.scores), total)}) "
        f"belong with examples of other splits, and the {torn.judging} figures are better than they should be.",
        [FindingExample(ids[i], torn.scores[i]) for i in worst],
        _next_step(evidence, torn.judging, option),
    )


def _named(evidence: Evidence, rows: Rows, torn: _Torn) -> str:
    group, own = next(iter(torn.groups.items()))
    ids = _ids(evidence, rows)
    return (
        f"Of {counted(torn.count, 'group')} that were to be kept whole the splits tear {len(torn.groups):,} apart "
        f"(e.g. {group!r}: {', '.join(ids[i] for i in own[:_SHOWN])})"
    )


def _suggested(inferred: Inferred, torn: _Torn, doubted: bool) -> str:
    where = "Columns" if inferred.pattern.startswith("the column") else "The names"
    return (
        f"{where} suggest {counted(inferred.count, 'group')} that belong together ({inferred.pattern}, e.g. "
        f"{', '.join(inferred.example)}){_alike(inferred, doubted)}; the splits tear {len(torn.groups):,} of them "
        "apart"
    )


def _next_step(evidence: Evidence, judging: str, option: str) -> str:
    """What keeps them whole; `option` is what must be asked for beside a division anew, or nothing."""
    if judging in evidence.given:
        return (
            f"The {judging} split was given, so divide the examples anew: check or fit with "
            f"{f'{option} --split anew'.strip()}, which keeps these groups whole."
        )
    return "Fit with --group auto, which keeps these groups whole, or name a column that holds them with --group."


def _alike(inferred: Inferred, doubted: bool) -> str:
    if doubted:
        return ", though features do not show that members are alike"
    if inferred.likeness is None:
        return ""
    return f", whose members are more alike than others of their class in {percent(inferred.likeness)} of comparisons"
