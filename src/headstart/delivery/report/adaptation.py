"""The page of an adapted model: what was tried, what is kept, why, and what nobody has measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from headstart.core.results import Finding
from headstart.core.written_figures import three_digits
from headstart.delivery.report._frame import framed


@dataclass(frozen=True)
class AdaptationEvidence:
    """What the page shows.

    Attributes
    ----------
    title : of the page. reason : why this one is kept, a sentence.
    tried : each candidate's name, and its figures by validator; ``kept`` is the name of the one that was kept.
    left_out : candidates that could not be tried, and why. limits : what the model cannot promise.
    findings : what a person should know. provenance : where it comes from.
    """

    title: str
    reason: str
    kept: str
    tried: Mapping[str, Mapping[str, float]]
    left_out: Mapping[str, str]
    limits: Sequence[str]
    findings: Sequence[Finding]
    provenance: Mapping[str, str]


def render_adaptation(evidence: AdaptationEvidence) -> str:
    """The whole page, from ``<!doctype html>`` to ``</html>``, needing nothing but itself."""
    found = "".join(
        f"<li><strong>{escape(each.severity)}</strong>: {escape(each.summary)} {escape(each.next_step)}</li>"
        for each in evidence.findings
    )
    limits = "".join(f"<li>{escape(each)}</li>" for each in evidence.limits)
    lacking = "".join(f"<li>{escape(name)}: {escape(why)}</li>" for name, why in evidence.left_out.items())
    rows = "".join(
        f"<tr><th scope='row'>{escape(name)}</th><td>{escape(text)}</td></tr>"
        for name, text in evidence.provenance.items()
    )
    return framed(
        f"{evidence.title} – headstart report",
        f"<h1>{escape(evidence.title)}</h1><p class='lead'>{escape(evidence.reason)}</p>"
        f"<section><h2>What it cannot promise</h2><ul>{limits}</ul></section>"
        f"<section><h2>What was tried</h2><p>Higher is better in every column; none of these needs labels.</p>"
        f"{_table(evidence)}{f'<p>Left out:</p><ul>{lacking}</ul>' if lacking else ''}</section>"
        f"<section><h2>Findings</h2><ul>{found}</ul></section>"
        f"<section><h2>Provenance</h2><div class='scroll'><table>{rows}</table></div></section>",
    )


def _table(evidence: AdaptationEvidence) -> str:
    validators = sorted({name for figures in evidence.tried.values() for name in figures})
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in validators)
    body = "".join(
        f"<tr><th scope='row'>{escape(name)}{' (kept)' if name == evidence.kept else ''}</th>"
        + "".join(f"<td>{three_digits(figures.get(validator))}</td>" for validator in validators)
        + "</tr>"
        for name, figures in evidence.tried.items()
    )
    return f"<div class='scroll'><table><tr><th>way</th>{head}</tr>{body}</table></div>"
