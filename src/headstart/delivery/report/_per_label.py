"""Figures for every class or band as a table, with their intervals where known, the weakest first of many."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from numbers import Integral, Real
from typing import Any

from headstart.core.results import Figure
from headstart.core.written_figures import Writing, is_proportion, words
from headstart.delivery.report._names import breakable
from headstart.delivery.report._numbers import count
from headstart.delivery.report.evidence import ReportEvidence

_UNFOLDED = 12


def per_label(evidence: ReportEvidence) -> str:
    """The table, folded after the weakest dozen where it is long; nothing without rows."""
    rows = list(evidence.per_label)
    if not rows:
        return ""
    columns = list(rows[0])
    on = f'<p class="lead">On the {escape(evidence.judged_on)}{_how(evidence)}.'
    if any(isinstance(value, Figure) for row in rows for value in row.values()):
        on += " 95 % intervals stand below their figures."
    if len(rows) <= 20:
        return f"{on}</p>{_table(columns, rows, evidence)}"
    judged = next((name for name in reversed(columns) if _is_measure(rows, name)), None)
    if judged:
        sign = 1 if evidence.higher_is_better.get(judged, True) else -1
        rows.sort(key=lambda row: sign * _value(row[judged]) if _known(row[judged]) else math.inf)
        on += f" The weakest by {escape(words(judged))} come first."
    return (
        f"{on}</p>{_table(columns, rows[:_UNFOLDED], evidence, rows)}<details><summary>The other "
        f"{count(len(rows) - _UNFOLDED)}</summary>{_table(columns, rows[_UNFOLDED:], evidence, rows)}</details>"
    )


def _how(evidence: ReportEvidence) -> str:
    """What is judged, where it is not examples as wholes."""
    return "" if evidence.unit == "example" else f", judged {evidence.unit} by {evidence.unit}"


def _table(
    columns: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    evidence: ReportEvidence,
    judged_by: Sequence[Mapping[str, Any]] | None = None,
) -> str:
    writings = {name: _writing(judged_by or rows, name, evidence) for name in columns}
    head = "".join(
        f'<th scope="col" class="{"number" if i else "name"}">{escape(words(name))}</th>'
        for i, name in enumerate(columns)
    )
    body = "".join(
        "<tr>" + "".join(_cell(i, row.get(name), writings[name]) for i, name in enumerate(columns)) + "</tr>"
        for row in rows
    )
    return (
        '<div class="wide" role="region" aria-label="Figures per class" tabindex="0"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(column: int, value: Any, writing: Writing) -> str:
    if column == 0:
        return f'<th scope="row">{breakable(str(value))}</th>'
    if isinstance(value, Figure):
        below = f"<br><small>{writing.interval(value)}</small>"
        return f'<td class="number">{writing.value(value.value)}{below}</td>'
    if isinstance(value, Integral):
        return f'<td class="number">{count(int(value))}</td>'
    if isinstance(value, Real) or value is None:
        return f'<td class="number">{writing.value(None if value is None else float(value))}</td>'
    return f"<td>{escape(str(value))}</td>"


def _writing(rows: Sequence[Mapping[str, Any]], name: str, evidence: ReportEvidence) -> Writing:
    cells = [row.get(name) for row in rows]
    bounds = [bound for cell in cells if isinstance(cell, Figure) for bound in cell]
    values = [float(cell) for cell in cells if isinstance(cell, Real)]
    return Writing(is_proportion(name, evidence.higher_is_better.get(name, True), values + bounds))


def _is_measure(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    return any(isinstance(_value(row.get(name)), Real) and not isinstance(row[name], Integral) for row in rows)


def _known(value: Any) -> bool:
    return isinstance(_value(value), Real) and math.isfinite(_value(value))


def _value(cell: Any) -> Any:
    """A figure without its interval."""
    return cell.value if isinstance(cell, Figure) else cell
