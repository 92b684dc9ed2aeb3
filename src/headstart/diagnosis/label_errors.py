"""Label errors: examples whose label a head that did not see them is sure is another one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headstart.core.results import Figure, Finding, FindingExample, Severity
from headstart.core.statistics import wilson
from headstart.diagnosis._counting import counted, share
from headstart.diagnosis.base import Diagnosis, Evidence

SURE = 0.25
"""The share of the examples, the surest, from which the share of wrong labels is taken."""

NOTABLE, SERIOUS = 0.01, 0.03
"""A warning where the share is at least the first, serious where the low end of its interval reaches the second."""

FURTHER = 2
"""The list goes on this many times as far as labels can be wrong at most: the ranking is not perfect either."""

_NAMED = 3


class LabelErrors(Diagnosis):
    """Confident learning (Northcutt, Jiang & Chuang 2021, arXiv:1911.00068) on out-of-fold probabilities.

    Suspects are those off the diagonal of the confident joint, and the least self-confident, twice as many as labels
    can be wrong at most. They are ranked by 1 - p(given label), their score.

    The formula is written here although the package cleanlab has it (Apache licence since 2.9; before that AGPL): it
    is twenty lines, so nobody should have to install an extra to learn that labels are wrong; and its lists, pruned
    to the confident joint, end before half of the errors that a ranking finds. Nor is the joint's own estimate of
    how many are wrong taken: it counts what the head gets wrong as well.
    """

    def examine(self, evidence: Evidence) -> list[Finding]:
        if (column := _gathered(evidence)) is None:
            return []
        wrong = share_wrong(column.probabilities, column.given)
        found = suspects(column.probabilities, column.given, FURTHER * wrong.high)
        if not len(found):
            return []
        scores = 1 - column.probabilities[found, column.given[found]]
        return [
            Finding(
                "label_errors",
                _severity(wrong),
                _summary(column, wrong, found),
                [FindingExample(column.ids[i], float(score)) for i, score in zip(found, scores, strict=True)],
                "Look at these examples from the top, mend or remove those whose label is wrong, and start again.",
            )
        ]


def suspects(probabilities: np.ndarray, given: np.ndarray, most: float) -> np.ndarray:
    """Places of the examples whose label may be wrong, the likeliest first.

    Parameters
    ----------
    probabilities : (N, C), of heads that did not see the example. given : (N,) class places.
    most : share of the examples; so many of the least self-confident come too, as far as another class is likelier.
    """
    own = probabilities[np.arange(len(given)), given]
    doubted = np.argsort(own, kind="stable")
    listed = confident_class(probabilities, given)
    off_diagonal = (listed >= 0) & (listed != given)
    off_diagonal[doubted[: int(np.ceil(most * len(given)))]] = True
    off_diagonal &= probabilities.max(axis=1) > own
    return doubted[off_diagonal[doubted]]


def confident_class(probabilities: np.ndarray, given: np.ndarray) -> np.ndarray:
    """(N,) the class that each example is counted under in the confident joint, -1 where there is none.

    The likeliest of the classes k with p_k >= t_k; t_k, the threshold, is the mean p_k of the examples labelled k.
    """
    labelled = np.eye(probabilities.shape[1])[given]
    count = labelled.sum(axis=0)
    thresholds = np.where(count > 0, (labelled * probabilities).sum(axis=0) / np.maximum(count, 1), np.inf)
    above = probabilities >= thresholds
    return np.where(above.any(axis=1), np.where(above, probabilities, -1.0).argmax(axis=1), -1)


def share_wrong(probabilities: np.ndarray, given: np.ndarray) -> Figure:
    """The share of wrong labels with an interval, from the surest quarter of the examples.

    There a calibrated head hardly errs, so that what it contradicts is the label's fault: low end and middle are
    those of the share contradicted (Wilson 95 %) less the doubt that the head itself states, the mean of 1 - max p.
    That doubt stems partly from the wrong labels it learnt from; the high end takes none off.
    """
    sureness = probabilities.max(axis=1)
    surest = np.argsort(-sureness, kind="stable")[: max(1, int(np.ceil(SURE * len(given))))]
    contradicted = int((probabilities[surest].argmax(axis=1) != given[surest]).sum())
    raw, doubt = wilson(contradicted, len(surest)), float(1 - sureness[surest].mean())
    return Figure(max(raw.value - doubt, 0.0), max(raw.low - doubt, 0.0), raw.high)


@dataclass(frozen=True)
class _Column:
    """Examples with one class each: ids, places of the labels given (N,), probabilities (N, C), class names."""

    ids: list[str]
    given: np.ndarray
    probabilities: np.ndarray
    labels: list[str]


def _gathered(evidence: Evidence) -> _Column | None:
    """All examples with out-of-fold probabilities; None where there are none, or several labels an example."""
    places = {label: place for place, label in enumerate(evidence.labels)}
    splits = [name for name, given in evidence.probabilities.items() if len(given)]
    if len(places) < 2 or not splits:
        return None
    if any(
        isinstance(target, list | tuple | set | frozenset) for name in splits for target in evidence.targets[name]
    ):
        return None
    said = [places.get(stratum, -1) for name in splits for stratum in evidence.strata[name]]
    ids = [identity for name in splits for identity in evidence.ids[name]]
    given, probabilities = np.array(said), np.concatenate([evidence.probabilities[name] for name in splits])
    known = np.flatnonzero(given >= 0)
    if not len(known):
        return None
    return _Column([ids[i] for i in known], given[known], probabilities[known], list(evidence.labels))


def _severity(wrong: Figure) -> Severity:
    if wrong.low >= SERIOUS:
        return "serious"
    return "warning" if wrong.value >= NOTABLE else "info"


def _summary(column: _Column, wrong: Figure, found: np.ndarray) -> str:
    total = len(column.given)
    most = share(round(wrong.high * total), total) if wrong.high * total >= 1 else "none"
    if wrong.value > 0:
        low = share(round(wrong.low * total), total) if wrong.low > 0 else "none"
        about = f"About {100 * wrong.value:.2g} % of {total:,} labels look wrong (between {low} and {most})"
    else:
        about = f"Few of {total:,} labels can be wrong (at most {most})"
    examples = "; ".join(_said(column, i) for i in found[:_NAMED])
    return f"{about}; {counted(len(found), 'example')} to look at, the likeliest first: {examples}."


def _said(column: _Column, place: int) -> str:
    """``a.jpg is labelled 'bus' (1 %) and looks like 'truck' (97 %)``."""
    given, p = column.given[place], column.probabilities[place]
    other = int(p.argmax())
    first = f"{column.ids[place]} is labelled {column.labels[given]!r} ({100 * p[given]:.0f} %)"
    return f"{first} and looks like {column.labels[other]!r} ({100 * p[other]:.0f} %)"
