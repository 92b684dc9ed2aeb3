"""The report as one self-contained HTML page: no script, no network, light, dark and printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html import escape

from headstart.delivery.report._against_rest import against_rest
from headstart.delivery.report._answer import answer
from headstart.delivery.report._boxed import boxed
from headstart.delivery.report._calibration import calibration
from headstart.delivery.report._cards import mistakes
from headstart.delivery.report._confusion import confusion
from headstart.delivery.report._curves import curves
from headstart.delivery.report._data import data, provenance
from headstart.delivery.report._drawn import drawn
from headstart.delivery.report._extension import extension
from headstart.delivery.report._findings import findings
from headstart.delivery.report._frame import framed
from headstart.delivery.report._gains import gains
from headstart.delivery.report._growth import growth
from headstart.delivery.report._ladder import ladder
from headstart.delivery.report._numbers import count
from headstart.delivery.report._per_label import per_label
from headstart.delivery.report._pictures import Gallery, gallery
from headstart.delivery.report._reasons import reasons
from headstart.delivery.report._tasks import tasks
from headstart.delivery.report._trade_offs import trade_offs
from headstart.delivery.report.evidence import ReportEvidence

SECTIONS: dict[str, tuple[str, Callable[[ReportEvidence], str]]] = {
    "extension": ("Old and new classes", extension),
    "ladder": ("The ladder", ladder),
    "gains": ("What transfer gave", gains),
    "tasks": ("Together or alone", tasks),
    "findings": ("Findings", findings),
    "calibration": ("Can its confidence be believed?", calibration),
    "confusion": ("What is taken for what", confusion),
    "classes": ("Label by label", per_label),
    "trade_offs": ("Finding more, or fewer false alarms", trade_offs),
    "against": ("Each class against the rest", against_rest),
    "boxes": ("Misses and false alarms", boxed),
    "masks": ("Masks beside the truth", drawn),
    "mistakes": ("The worst mistakes", mistakes),
    "growth": ("Would more examples help?", growth),
    "curves": ("Epoch by epoch", curves),
    "reasons": ("Why it says so", reasons),
    "data": ("The data", data),
    "provenance": ("Provenance, and how to repeat it", provenance),
}
"""Below the answer, in this order: anchor → (heading, what draws it). A section that draws nothing is left out."""


def render(evidence: ReportEvidence) -> str:
    """The whole page, from ``<!doctype html>`` to ``</html>``, needing nothing but itself."""
    pictures = gallery(evidence.shown, lines=evidence.lines)
    evidence = replace(evidence, shown=pictures.fragments)
    bodies = {anchor: _body(evidence, draw) for anchor, (_, draw) in SECTIONS.items()}
    present = [anchor for anchor, body in bodies.items() if body]
    sections = "".join(
        f'<section id="{anchor}" aria-labelledby="{anchor}-heading">'
        f'<h2 id="{anchor}-heading">{SECTIONS[anchor][0]}</h2>{bodies[anchor]}</section>'
        for anchor in present
    )
    main = f"{answer(evidence)}{_contents(present)}{sections}{left_out(pictures)}"
    return framed(_title(evidence), main, pictures.definitions)


def _body(evidence: ReportEvidence, draw: Callable[[ReportEvidence], str]) -> str:
    """A section; of several tasks that of each, where there is none of all together."""
    if whole := draw(evidence):
        return whole
    each = [(name, draw(part)) for name, part in evidence.parts]
    return "".join(f"<h3>{escape(name)}</h3>{body}" for name, body in each if body)


def left_out(pictures: Gallery) -> str:
    """A sentence on the examples that the page has no room for."""
    if not pictures.left_out:
        return ""
    shown = len(pictures.fragments)
    return (
        f'<p class="lead small-print">To stay small, this page shows {count(shown)} examples and names '
        f"{count(pictures.left_out)} more without showing them.</p>"
    )


def _title(evidence: ReportEvidence) -> str:
    return f"{evidence.title} – headstart report" if evidence.title else "headstart report"


def _contents(present: list[str]) -> str:
    if len(present) < 2:
        return ""
    links = "".join(f'<li><a href="#{anchor}">{SECTIONS[anchor][0]}</a></li>' for anchor in present)
    return f'<nav aria-label="Contents"><ul>{links}</ul></nav>'
