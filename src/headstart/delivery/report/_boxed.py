"""Pictures with boxes: false alarms, the surest first, misses, and what was found."""

from __future__ import annotations

from html import escape

from headstart.delivery.report._strips import folded, strip
from headstart.delivery.report.evidence import ReportEvidence


def boxed(evidence: ReportEvidence) -> str:
    """Nothing where answers are no boxes."""
    if not evidence.boxed:
        return ""
    shown = folded([strip(each.html, each.id, each.said) for each in evidence.boxed])
    return (
        f'<p class="lead">From the {escape(evidence.judged_on)}, those with the surest false alarm first: '
        "false alarms are red and say their class and score, missed boxes are yellow and double, found ones "
        f"green; a mask is outlined and tinted so.</p>{shown}"
    )
