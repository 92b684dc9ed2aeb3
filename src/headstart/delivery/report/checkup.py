"""The page of a check: what was found before anything is trained, with the examples to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape

from headstart.core.results import Finding
from headstart.delivery.report._findings import listed
from headstart.delivery.report._frame import framed
from headstart.delivery.report._names import prose
from headstart.delivery.report._pictures import gallery
from headstart.delivery.report.page import left_out


@dataclass(frozen=True)
class CheckupEvidence:
    """What the page shows.

    Attributes
    ----------
    title : what was checked. looked_at : what of it, a sentence. findings : what was found.
    shown : HTML fragments of examples by id, taken as they are, the most important first. truths : their targets.
    lines : SVG in coordinates from 0 to 1 that shows where targets have their place, by id.
    """

    title: str
    looked_at: str
    findings: Sequence[Finding]
    shown: Mapping[str, str]
    truths: Mapping[str, str]
    lines: Mapping[str, str] = field(default_factory=dict)


def render_checkup(evidence: CheckupEvidence) -> str:
    """The whole page, from ``<!doctype html>`` to ``</html>``, needing nothing but itself."""
    pictures = gallery(evidence.shown, lines=evidence.lines)
    found = listed(evidence.findings, replace(evidence, shown=pictures.fragments), "what check --json prints")
    nothing = "<p>Nothing was found that is wrong.</p>"
    main = (
        f'<header id="answer"><p class="eyebrow">Headstart check <span>{escape(evidence.title)}</span></p>'
        f"<h1>What was found in {escape(evidence.title)}</h1><p>{prose(evidence.looked_at)}</p></header>"
        f'<section id="findings" aria-labelledby="findings-heading"><h2 id="findings-heading">Findings</h2>'
        f"{found or nothing}</section>{left_out(pictures)}"
    )
    return framed(f"{evidence.title} – headstart check", main, pictures.definitions)
