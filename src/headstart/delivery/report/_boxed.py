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
        f"green{_more(evidence)}.</p>{shown}"
    )


def _more(evidence: ReportEvidence) -> str:
    """What is said of masks and of classes, where there are any and several."""
    masks = "; a mask is outlined and tinted so" if any(each.masked for each in evidence.boxed) else ""
    classes = "; these say their class too, where there is room" if any(each.named for each in evidence.boxed) else ""
    return masks + classes
