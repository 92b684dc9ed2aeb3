"""What is taken for what: a table whose cells open their examples, or the most confused pairs of many classes."""

from __future__ import annotations

from html import escape

import numpy as np

from headstart.core.written_figures import percent
from headstart.delivery.report._cells import Cells
from headstart.delivery.report._names import breakable, shortened
from headstart.delivery.report._numbers import count
from headstart.delivery.report.evidence import ReportEvidence

LARGEST_MATRIX = 20
_PAIRS = 15
_DENSE = 12
_LETTERS_ACROSS = 24
"""Column names longer than this, all together, are written upright, so that the table fits a phone."""

_LONGEST_COLUMN = 22


def confusion(evidence: ReportEvidence) -> str:
    """The table or the list of pairs, or nothing where the task has no confusion matrix."""
    if evidence.confusion is None or not len(evidence.confusion[0]):
        return ""
    labels, counts = evidence.confusion[0], np.asarray(evidence.confusion[1])
    cells = Cells(evidence, labels, counts)
    what = "" if evidence.unit == "example" else f"{evidence.unit}s"
    on = f"On the {evidence.judged_on}. " + (f"Numbers are {what}. " if what else "")
    if len(labels) > LARGEST_MATRIX:
        return _pairs(labels, counts, on, cells) + cells.panels()
    return (
        f'<p class="lead">{escape(on)}Each row is a true class, each column what the model said; the shade is the '
        f"share of the row. The diagonal is right.{cells.said()}</p>{_matrix(labels, counts, cells)}{cells.panels()}"
    )


def _matrix(labels: list[str], counts: np.ndarray, cells: Cells) -> str:
    head = "".join(
        f'<th scope="col"><span title="{escape(label)}">{escape(shortened(label, _LONGEST_COLUMN))}</span></th>'
        for label in labels
    )
    kind = "confusion upright" if sum(map(len, labels)) > _LETTERS_ACROSS else "confusion"
    kind += " dense" if len(labels) > _DENSE else ""
    rows = "".join(_row(i, labels, counts, cells) for i in range(len(labels)))
    return (
        '<div class="wide" role="region" aria-label="Confusion matrix" tabindex="0">'
        f'<table class="{kind}">'
        f'<thead><tr><th scope="col" class="corner">true class</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(row: int, labels: list[str], counts: np.ndarray, cells: Cells) -> str:
    total = counts[row].sum()
    drawn = []
    for column, number in enumerate(counts[row]):
        share = number / total if total else 0.0
        kind = "none" if not number else "right" if row == column else "wrong"
        inside = cells.button(row, column) if number else "0"
        drawn.append(f'<td class="{kind}" style="--share:{share:.3f}">{inside}</td>')
    return f'<tr><th scope="row">{breakable(labels[row])}</th>{"".join(drawn)}</tr>'


def confused_pairs(counts: np.ndarray) -> list[tuple[int, int]]:
    """Places (truth, taken for), the most frequent first, then those with the larger share of the truth."""
    totals = counts.sum(axis=1)
    pairs = [(int(i), int(j)) for i, j in np.argwhere(counts) if i != j]
    return sorted(pairs, key=lambda pair: (-counts[pair], -counts[pair] / totals[pair[0]]))


def _pairs(labels: list[str], counts: np.ndarray, on: str, cells: Cells) -> str:
    pairs = confused_pairs(counts)
    right, total = int(np.trace(counts)), int(counts.sum())
    lead = f"{on}{count(right)} of {count(total)} are right, over {len(labels)} classes."
    rights = [(i, i) for i in range(len(labels)) if counts[i, i]]
    known = _more("The right predictions, class by class", rights, labels, counts, cells)
    if not pairs:
        return f'<p class="lead">{escape(lead)} No class is taken for another.{cells.said()}</p>{known}'
    shown = (
        f"The {min(_PAIRS, len(pairs))} most frequent of {count(len(pairs))} confused pairs, "
        "with their share of the true class."
    )
    rest = _more(f"The other {count(len(pairs) - _PAIRS)} pairs", pairs[_PAIRS:], labels, counts, cells)
    return (
        f'<p class="lead">{escape(lead)} {shown}{cells.said()}</p>'
        f'<div class="wide" role="region" aria-label="Most confused pairs" tabindex="0">'
        f"{_listed(pairs[:_PAIRS], labels, counts, cells)}</div>{rest}{known}"
    )


def _more(title: str, pairs: list[tuple[int, int]], labels: list[str], counts: np.ndarray, cells: Cells) -> str:
    """A folded list in a region that scrolls; nothing without pairs."""
    if not pairs:
        return ""
    listed = _listed(pairs, labels, counts, cells)
    return (
        f'<details><summary>{escape(title)}</summary><div class="wide tall" role="region" '
        f'aria-label="{escape(title)}" tabindex="0">{listed}</div></details>'
    )


def _listed(pairs: list[tuple[int, int]], labels: list[str], counts: np.ndarray, cells: Cells) -> str:
    rows = "".join(
        f"<tr><td>{breakable(labels[i])}</td><td>{breakable(labels[j])}</td>"
        f'<td class="number">{cells.button(i, j)}</td>'
        f'<td class="number">{percent(counts[i, j] / counts[i].sum())}</td></tr>'
        for i, j in pairs
    )
    return (
        '<table class="pairs"><thead><tr><th scope="col">True class</th><th scope="col">Taken for</th>'
        f'<th scope="col" class="number">Times</th><th scope="col" class="number">Share</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )
