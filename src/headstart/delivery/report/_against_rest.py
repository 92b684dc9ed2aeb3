"""Each class against the rest: AUROC, sensitivity and specificity as it predicts, and at the operating point."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

from headstart.core.by_class import AT_LEAST, BY_CLASS
from headstart.core.results import Figure
from headstart.core.written_figures import NOTHING, Writing
from headstart.delivery.report._names import breakable
from headstart.delivery.report._numbers import count
from headstart.delivery.report.evidence import ReportEvidence

_MOST = 20
_HEAD = ("class", "AUROC", "sensitivity", "specificity", "operating point", "sensitivity there", "specificity there")
_LEAD = (
    "On the test examples. AUROC is the chance that an example of the class gets a higher probability than another "
    "(Newcombe's interval, method 5); sensitivity is the share of the class that is found, specificity that of the "
    "others that is left alone (Wilson's intervals). An operating point is the probability from which one may take "
    "an example for the class so that {aim}, chosen on held-out examples, not on these."
)
_YOUDEN = "sensitivity + specificity is largest (Youden)"


def against_rest(evidence: ReportEvidence) -> str:
    """A table, the class that is told worst first; nothing where there was no test or there are no classes."""
    found = evidence.result.by_class
    if not found or evidence.result.test is None or BY_CLASS[0] not in found:
        return ""
    auroc = found[BY_CLASS[0]]
    order = sorted(auroc, key=lambda label: math.inf if math.isnan(_number(auroc[label][0])) else auroc[label][0])
    head = "".join(f'<th scope="col" class="{"number" if i else "name"}">{name}</th>' for i, name in enumerate(_HEAD))
    body = "".join(_row(label, found) for label in order[:_MOST])
    rest = len(order) - _MOST
    more = f"<p>{count(rest)} more are in <code>result.json</code>.</p>" if rest > 0 else ""
    return (
        f'<p class="lead">{escape(_LEAD.format(aim=_aim(found)))}</p>'
        '<div class="wide" role="region" aria-label="Each class against the rest" tabindex="0">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{more}"
    )


def _aim(found: dict[str, dict[str, Any]]) -> str:
    """What operating points were chosen for."""
    promised = [point[AT_LEAST] for point in found["operating_point"].values() if AT_LEAST in point]
    if not promised:
        return _YOUDEN
    return " and ".join(f"{name} is at least {100 * share:g} %" for name, share in promised[0].items())


def _row(label: str, found: dict[str, dict[str, Any]]) -> str:
    figures = zip(BY_CLASS, (Writing(False), Writing(True), Writing(True)), strict=False)
    cells = [_cell(found[name][label], writing) for name, writing in figures]
    point = found["operating_point"].get(label)
    if point is None:
        cells += [NOTHING] * 3
    else:
        there = [_cell(point[name], Writing(True)) for name in ("sensitivity", "specificity")]
        cells += [Writing(False).value(point["threshold"]), *there]
    numbers = "".join(f'<td class="number">{cell}</td>' for cell in cells)
    return f'<tr><th scope="row">{breakable(label)}</th>{numbers}</tr>'


def _cell(plain: Sequence[float | None], writing: Writing) -> str:
    """The value, and its interval below."""
    figure = _figure(plain)
    return f"{writing.value(figure.value)}<br><small>{writing.interval(figure)}</small>"


def _figure(plain: Sequence[float | None]) -> Figure:
    return Figure(*map(_number, plain))


def _number(value: float | None) -> float:
    return math.nan if value is None else value
