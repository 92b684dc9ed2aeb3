"""Masks beside the truth: the picture, its true mask and the predicted one, the worst first."""

from __future__ import annotations

from html import escape

from headstart.core.written_figures import percent
from headstart.delivery.report._strips import folded, strip
from headstart.delivery.report.evidence import ReportEvidence


def drawn(evidence: ReportEvidence) -> str:
    """Nothing where answers are no pictures."""
    if not evidence.drawn:
        return ""
    strips = [strip(each.html, each.id, f"mean IoU {percent(1 - each.wrong)}") for each in evidence.drawn]
    return (
        f'<p class="lead">From the {escape(evidence.judged_on)}, the worst first and a few of the best '
        "last: the picture, its true mask, the predicted one.</p>"
        f"{_legend(evidence)}{folded(strips)}"
    )


def _legend(evidence: ReportEvidence) -> str:
    items = "".join(_item(name, colour) for name, colour in evidence.colours.items())
    return f'<ul class="swatches">{items}</ul>'


def _item(name: str, colour: tuple[int, int, int]) -> str:
    note = "" if any(colour) else " <small>(no tint: the picture, darker)</small>"
    r, g, b = colour
    return f'<li><span class="swatch" style="background:rgb({r},{g},{b})"></span>{escape(name)}{note}</li>'
