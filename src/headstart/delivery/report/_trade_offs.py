"""Precision against recall, class by class: what finding more would cost in false alarms."""

from __future__ import annotations

import math
from html import escape

from headstart.core.trade_offs import TradeOff
from headstart.core.written_figures import PERCENT, percent
from headstart.delivery.report._names import breakable
from headstart.delivery.report._numbers import count
from headstart.delivery.report._svg import drawing
from headstart.delivery.report.evidence import ReportEvidence

MOST = 12
_LEFT, _TOP, _SIZE = 62, 10, 180


def trade_offs(evidence: ReportEvidence) -> str:
    """A small diagram a class, the weakest at the threshold in use first; nothing without any."""
    if not evidence.trade_offs:
        return ""
    ordered = sorted(evidence.trade_offs, key=_f1)
    rest = len(ordered) - MOST
    more = f'<p class="small-print">{count(rest)} more classes do better.</p>' if rest > 0 else ""
    return (
        f'<p class="lead">On the {escape(evidence.judged_on)}. Recall is the share of a class that is '
        "found, precision the share of what is taken for it that is. Along a line the threshold falls from left to "
        "right; the dot is where the model stands.</p>"
        f'<div class="multiples">{"".join(map(_one, ordered[:MOST]))}</div>{more}'
    )


def _f1(each: TradeOff) -> float:
    return 2 * each.found / max(1, 2 * each.found + each.missed + each.alarms)


def _one(each: TradeOff) -> str:
    average = each.average_precision
    at_half = "at an overlap of one half"  # the table beside holds the mean over overlaps too
    average_words = (
        "" if average is None or math.isnan(average) else f", average precision {percent(average)} {at_half}"
    )
    alarms = f"{count(each.alarms)} false alarm{'' if each.alarms == 1 else 's'}"
    said = f"{count(each.found)} of {count(each.found + each.missed)} found, {alarms}"
    return (
        f'<figure class="chart small"><figcaption><strong>{breakable(each.label)}</strong>: {said}{average_words}'
        f"</figcaption>{_diagram(each)}</figure>"
    )


def _place(recall: float, precision: float) -> tuple[float, float]:
    return _LEFT + recall * _SIZE, _TOP + (1 - precision) * _SIZE


def _diagram(each: TradeOff) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (_place(*point) for point in each.points))
    line = f'<polyline class="trade" fill="none" points="{path}"/>' if each.points else ""
    dot = ""
    if each.used:
        x, y = _place(*each.used)
        title = f"recall {percent(each.used[0])}, precision {percent(each.used[1])}"
        dot = f'<circle class="bubble" cx="{x:.1f}" cy="{y:.1f}" r="5"><title>{title}</title></circle>'
    label = f"Precision against recall of {each.label}"
    size = f'viewBox="0 0 {_LEFT + _SIZE + 16} {_TOP + _SIZE + 42}"'
    return drawing(label, size, _frame() + line + dot)


def _frame() -> str:
    right, bottom, parts = _LEFT + _SIZE, _TOP + _SIZE, []
    for share in (0.0, 0.5, 1.0):
        x, y = _place(share, share)
        label = f"{100 * share:.0f}{PERCENT}"
        parts += [
            f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y:g}" y2="{y:g}"/>',
            f'<line class="grid" x1="{x:g}" x2="{x:g}" y1="{_TOP}" y2="{bottom}"/>',
            f'<text x="{_LEFT - 6}" y="{y + 4:g}" text-anchor="end">{label}</text>',
            f'<text x="{x:g}" y="{bottom + 16}" text-anchor="middle">{label}</text>',
        ]
    parts.append(f'<text x="{(_LEFT + right) / 2:g}" y="{bottom + 34}" text-anchor="middle">recall</text>')
    x, y = 12, (_TOP + bottom) / 2
    parts.append(f'<text x="{x}" y="{y:g}" transform="rotate(-90 {x} {y:g})" text-anchor="middle">precision</text>')
    return "".join(parts)
