"""What is taken for what: a heat table, or the most confused pairs where classes are many."""

from __future__ import annotations

from html import escape

import numpy as np

from headstart.delivery.report._names import breakable
from headstart.delivery.report._numbers import count, percent
from headstart.delivery.report.evidence import ReportEvidence

LARGEST_MATRIX = 20
_PAIRS = 15
_DENSE = 12
_LETTERS_ACROSS = 24
"""Column names longer than this, all together, are written upright, so that the table fits a phone."""


def confusion(evidence: ReportEvidence) -> str:
    """The table or the list of pairs, or nothing where the task has no confusion matrix."""
    if evidence.confusion is None or not len(evidence.confusion[0]):
        return ""
    labels, counts = evidence.confusion[0], np.asarray(evidence.confusion[1])
    on = f"On the {evidence.measured_on} examples. "
    if len(labels) > LARGEST_MATRIX:
        return _pairs(labels, counts, on)
    return (
        f'<p class="lead">{escape(on)}Each row is a true class, each column what the model said; the shade is the '
        f"share of the row. The diagonal is right.</p>{_matrix(labels, counts)}"
    )


def _matrix(labels: list[str], counts: np.ndarray) -> str:
    head = "".join(f'<th scope="col"><span>{escape(label)}</span></th>' for label in labels)
    kind = "confusion upright" if sum(map(len, labels)) > _LETTERS_ACROSS else "confusion"
    kind += " dense" if len(labels) > _DENSE else ""
    rows = "".join(_row(i, labels, counts) for i in range(len(labels)))
    return (
        '<div class="wide" role="region" aria-label="Confusion matrix" tabindex="0">'
        f'<table class="{kind}">'
        f'<thead><tr><th scope="col" class="corner">true class</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(row: int, labels: list[str], counts: np.ndarray) -> str:
    total = counts[row].sum()
    cells = []
    for column, number in enumerate(counts[row]):
        share = number / total if total else 0.0
        kind = "none" if not number else "right" if row == column else "wrong"
        title = f"{labels[row]} taken for {labels[column]}: {count(int(number))} of {count(int(total))}"
        cells.append(
            f'<td class="{kind}" style="--share:{share:.3f}" title="{escape(title)}">{count(int(number))}</td>'
        )
    return f'<tr><th scope="row">{escape(labels[row])}</th>{"".join(cells)}</tr>'


def confused_pairs(labels: list[str], counts: np.ndarray) -> list[tuple[str, str, int, float]]:
    """(truth, taken for, how often, share of the truth's examples), the most frequent first."""
    totals = counts.sum(axis=1)
    pairs = [
        (labels[i], labels[j], int(counts[i, j]), float(counts[i, j] / totals[i]))
        for i, j in np.argwhere(counts)
        if i != j
    ]
    return sorted(pairs, key=lambda pair: (-pair[2], -pair[3]))


def _pairs(labels: list[str], counts: np.ndarray, on: str) -> str:
    pairs = confused_pairs(labels, counts)
    right, total = int(np.trace(counts)), int(counts.sum())
    lead = f"{on}{count(right)} of {count(total)} are right, over {len(labels)} classes."
    if not pairs:
        return f'<p class="lead">{escape(lead)} No class is taken for another.</p>'
    rows = "".join(
        f'<tr><td>{breakable(truth)}</td><td>{breakable(said)}</td><td class="number">{count(number)}</td>'
        f'<td class="number">{percent(share)}</td></tr>'
        for truth, said, number, share in pairs[:_PAIRS]
    )
    shown = (
        f"The {min(_PAIRS, len(pairs))} most frequent of {count(len(pairs))} confused pairs, "
        "with their share of the true class:"
    )
    return (
        f'<p class="lead">{escape(lead)} {shown}</p><div class="wide" role="region" aria-label="Most confused pairs" '
        'tabindex="0"><table><thead><tr><th scope="col">True class</th><th scope="col">Taken for</th>'
        '<th scope="col" class="number">Times</th><th scope="col" class="number">Share</th></tr>'
        f"</thead><tbody>{rows}</tbody></table></div>"
    )
