"""Masks beside the truth: the picture, its true mask and the predicted one, the worst first."""

from __future__ import annotations

from html import escape

from headstart.delivery.report._names import breakable
from headstart.delivery.report._numbers import percent
from headstart.delivery.report.evidence import Drawn, ReportEvidence

_UNFOLDED = 6


def drawn(evidence: ReportEvidence) -> str:
    """The first few open, the rest folded; nothing where answers are no pictures."""
    if not evidence.drawn:
        return ""
    strips = [_strip(each) for each in evidence.drawn]
    rest = f"<details><summary>{len(strips) - _UNFOLDED} more</summary>{''.join(strips[_UNFOLDED:])}</details>"
    return (
        f'<p class="lead">From the {escape(evidence.measured_on)} examples, the worst first and a few of the best '
        "last: the picture, its true mask, the predicted one.</p>"
        f"{_legend(evidence)}{''.join(strips[:_UNFOLDED])}{rest if len(strips) > _UNFOLDED else ''}"
    )


def _strip(each: Drawn) -> str:
    return (
        f'<figure class="strip">{each.html}<figcaption>{breakable(each.id)} '
        f'<span class="muted">mean IoU {percent(1 - each.wrong)}</span></figcaption></figure>'
    )


def _legend(evidence: ReportEvidence) -> str:
    items = "".join(
        f'<li><span class="swatch" style="background:rgb({r},{g},{b})"></span>{escape(name)}</li>'
        for name, (r, g, b) in evidence.colours.items()
    )
    return f'<ul class="swatches">{items}</ul>'
