"""Label errors: examples whose label a head that did not see them is sure is another one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headstart.core.masks import Mask
from headstart.core.results import Figure, Finding, FindingExample, Severity
from headstart.core.units import numbered
from headstart.diagnosis._confident_learning import share_wrong, suspects
from headstart.diagnosis._counting import counted, share
from headstart.diagnosis._objects import holds_objects, not_looked_for
from headstart.diagnosis._units import units_among
from headstart.diagnosis.base import Diagnosis, Evidence

NOTABLE, SERIOUS = 0.01, 0.03
"""A warning where the share is at least the first, serious where the low end of its interval reaches the second."""

FEW = 0.1
"""Up to this share of the labels few can be wrong; where more may be, the examples cannot tell how many are."""

FURTHER = 2
"""The list goes on this many times as far as labels can be wrong at most: the ranking is not perfect either."""

_NAMED = 3


class LabelErrors(Diagnosis):
    """Confident learning (Northcutt, Jiang & Chuang 2021, arXiv:1911.00068) on out-of-fold probabilities.

    Suspects are those off the diagonal of the confident joint, and the least self-confident, twice as many as labels
    can be wrong at most. They are ranked by 1 - p(given label), their score. Of several labels of an
    example each is looked at against the rest, and the example's score is that of its likeliest error. The only
    example of a class is no suspect, nor are near copies or a group that are all of it: heads that did not see them
    know no other.

    The formula is written here although the package cleanlab has it (Apache licence since 2.9; before that AGPL): it
    is twenty lines, so nobody should have to install an extra to learn that labels are wrong; and its lists, pruned
    to the confident joint, end before half of the errors that a ranking finds. Nor is the joint's own estimate of
    how many are wrong taken: it counts what the head gets wrong as well.
    """

    def examine(self, evidence: Evidence) -> list[Finding]:
        if holds_objects(evidence):
            return not_looked_for("label_errors", "Wrong labels", evidence)
        columns = _columns(evidence)
        if not columns:
            return _not_looked_for(evidence)
        each = [share_wrong(column.probabilities, column.given) for column in columns]
        wrong = Figure(*(float(np.mean([getattr(one, end) for one in each])) for end in Figure._fields))
        listed = [
            _Suspect(column, int(place))
            for column, own in zip(columns, each, strict=True)
            for place in suspects(column.probabilities, column.given, FURTHER * own.high)
        ]
        if not listed:
            return []
        listed.sort(key=lambda suspect: -suspect.score)
        return [_finding(listed, wrong, sum(len(column.given) for column in columns))]


def _finding(listed: list[_Suspect], wrong: Figure, total: int) -> Finding:
    worst: dict[str, _Suspect] = {}  # of several labels of an example the one that is likeliest wrong, the first
    for suspect in listed:
        worst.setdefault(suspect.id, suspect)
    return Finding(
        "label_errors",
        _severity(wrong),
        _summary(total, wrong, listed, len(worst)),
        [FindingExample(name, suspect.score, suspect.looks) for name, suspect in worst.items()],
        "Look at these examples from the top, mend or remove those whose label is wrong, and start again.",
    )


@dataclass(frozen=True)
class _Column:
    """Examples with one class each: ids, places of the labels given (N,), probabilities (N, C), class names."""

    ids: list[str]
    given: np.ndarray
    probabilities: np.ndarray
    labels: list[str]


@dataclass(frozen=True)
class _Suspect:
    """An example of a column whose label may be wrong."""

    column: _Column
    place: int

    @property
    def id(self) -> str:
        return self.column.ids[self.place]

    @property
    def score(self) -> float:
        return float(1 - self.column.probabilities[self.place, self.column.given[self.place]])

    def said(self) -> str:
        """``a.jpg is labelled 'bus' (1 %) and looks like 'truck' (97 %)``."""
        given, p = self.column.given[self.place], self.column.probabilities[self.place]
        return f"{self.id} is labelled {self.column.labels[given]!r} ({100 * p[given]:.0f} %) and {self.looks}"

    @property
    def looks(self) -> str:
        """``looks like 'truck' (97 %)``."""
        p = self.column.probabilities[self.place]
        other = int(p.argmax())
        return f"looks like {self.column.labels[other]!r} ({100 * p[other]:.0f} %)"


def _columns(evidence: Evidence) -> list[_Column]:
    """All examples with out-of-fold probabilities: once, or where they may have several labels, label by label."""
    splits = [name for name, given in evidence.probabilities.items() if len(given)]
    if not splits or not evidence.labels:
        return []
    probabilities = np.concatenate([evidence.probabilities[name] for name in splits])
    if evidence.memberships:
        known = np.concatenate([evidence.memberships[name] for name in splits]).astype(int)
        labelled = zip(evidence.labels, known.T, probabilities.T, strict=True)
        columns = [(own, np.stack([1 - p, p], axis=1), [f"not {label}", label]) for label, own, p in labelled]
    else:
        columns = _one_class_each(evidence, splits, probabilities)
    by_split = {name: evidence.ids[name] for name in splits}
    ids = [identity for own in by_split.values() for identity in own]
    units = numbered(units_among(evidence, by_split), len(ids))
    return [own for column in columns if len((own := _learnable(ids, units, *column)).given)]


def _learnable(
    ids: list[str], units: np.ndarray, given: np.ndarray, probabilities: np.ndarray, labels: list[str]
) -> _Column:
    """The examples whose class (-1 where it is none of the `labels`) heads that did not see them could learn.

    Parameters
    ----------
    units : (N,) numbers of what belongs together. given : (N,) classes.
    """
    within = {(place, unit) for place, unit in zip(given.tolist(), units.tolist(), strict=True)}
    often = np.bincount([place for place, _ in within if place >= 0], minlength=len(labels))
    rows = np.flatnonzero((given >= 0) & (often[given] > 1))
    return _Column([ids[i] for i in rows], given[rows], probabilities[rows], labels)


def _one_class_each(
    evidence: Evidence, splits: list[str], probabilities: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray, list[str]]]:
    """The one column; none where targets are several labels, or of one class."""
    places = {label: place for place, label in enumerate(evidence.labels)}
    if len(places) < 2 or any(
        isinstance(target, list | tuple | set | frozenset) for name in splits for target in evidence.targets[name]
    ):
        return []
    given = np.array([places.get(stratum, -1) for name in splits for stratum in evidence.strata[name]])
    return [(given, probabilities, list(evidence.labels))]


def _not_looked_for(evidence: Evidence) -> list[Finding]:
    """A note where targets are no classes, so that silence is not taken for praise."""
    count = sum(len(evidence.targets.get(split, ())) for split in evidence.opened)
    if not count or not evidence.features or evidence.labels or evidence.parts:
        return []
    return [
        Finding(
            "label_errors",
            "info",
            f"Wrong targets were not looked for among {counted(count, 'example')}: only classes and labels are.",
            next_step=f'Look at "{_worst(evidence)}" in the report of a fit: a wrong target is often among them.',
        )
    ]


def _worst(evidence: Evidence) -> str:
    """The section of the report that shows the worst answers."""
    masks = any(isinstance(target, Mask) for targets in evidence.targets.values() for target in targets[:1])
    return "Masks beside the truth" if masks else "The worst mistakes"


def _severity(wrong: Figure) -> Severity:
    if wrong.low >= SERIOUS:
        return "serious"
    return "warning" if wrong.value >= NOTABLE else "info"


def _summary(total: int, wrong: Figure, listed: list[_Suspect], count: int) -> str:
    most = share(round(wrong.high * total), total) if wrong.high * total >= 1 else "none"
    if wrong.value > 0:
        low = share(round(wrong.low * total), total) if wrong.low > 0 else "none"
        about = (
            f"About {float(f'{100 * wrong.value:.2g}'):g} % of {total:,} labels look wrong (between {low} and {most})"
        )
    elif wrong.high <= FEW:
        about = f"Few of {total:,} labels can be wrong (at most {most})"
    else:
        about = f"How many of {total:,} labels are wrong cannot be told (none to {most})"
    examples = "; ".join(suspect.said() for suspect in listed[:_NAMED])
    return f"{about}; {counted(count, 'example')} to look at, the likeliest first: {examples}."
