"""Pictures with boxes: false alarms, the surest first, misses, and what was found."""

from __future__ import annotations

from html import escape

from headstart.delivery.report._names import breakable
from headstart.delivery.report.evidence import Boxed, ReportEvidence

_UNFOLDED = 6


def boxed(evidence: ReportEvidence) -> str:
    """The first few open, the rest folded; nothing where answers are no boxes."""
    if not evidence.boxed:
        return ""
    figures = [_figure(each) for each in evidence.boxed]
    rest = f"<details><summary>{len(figures) - _UNFOLDED} more</summary>{''.join(figures[_UNFOLDED:])}</details>"
    return (
        f'<p class="lead">From the {escape(evidence.measured_on)} examples, those with the surest false alarm first: '
        "false alarms are red and say their class and score, missed boxes are yellow and double, found ones "
        f"green.</p>{''.join(figures[:_UNFOLDED])}{rest if len(figures) > _UNFOLDED else ''}"
    )


def _figure(each: Boxed) -> str:
    return (
        f'<figure class="strip">{each.html}<figcaption>{breakable(each.id)} '
        f'<span class="muted">{escape(each.said)}</span></figcaption></figure>'
    )
