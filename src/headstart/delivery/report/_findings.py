"""What the diagnoses found, most serious first, with the examples folded away."""

from __future__ import annotations

from html import escape

from headstart.core.results import Finding, FindingExample
from headstart.delivery.report._names import breakable, prose, words
from headstart.delivery.report._numbers import of, three_digits
from headstart.delivery.report.evidence import ReportEvidence

_ORDER = ("serious", "warning", "info")
_SHOWN = 60


def findings(evidence: ReportEvidence) -> str:
    """The findings as a list, or nothing where there are none."""
    found = sorted(evidence.result.findings, key=lambda finding: _ORDER.index(finding.severity))
    if not found:
        return ""
    return '<ul class="findings">' + "".join(_item(finding, evidence) for finding in found) + "</ul>"


def _item(finding: Finding, evidence: ReportEvidence) -> str:
    step = f'<p class="step"><span>What to do:</span> {prose(finding.next_step)}</p>' if finding.next_step else ""
    return (
        f'<li class="finding {finding.severity}"><p class="finding-head">'
        f'<span class="badge">{finding.severity}</span> '
        f'<span class="muted">{escape(words(finding.diagnosis))}</span></p>'
        f'<p class="summary">{prose(finding.summary)}</p>{step}{_examples(finding, evidence)}</li>'
    )


def _examples(finding: Finding, evidence: ReportEvidence) -> str:
    if not finding.examples:
        return ""
    shown = "".join(_example(example, evidence) for example in finding.examples[:_SHOWN])
    more = len(finding.examples) - _SHOWN
    rest = f'<p class="muted">… and {more} more, listed in result.json</p>' if more > 0 else ""
    return (
        f"<details><summary>{of(len(finding.examples), 'example')}</summary>"
        f'<ul class="cards small">{shown}</ul>{rest}</details>'
    )


def _example(example: FindingExample, evidence: ReportEvidence) -> str:
    picture = f'<div class="shown">{evidence.shown[example.id]}</div>' if example.id in evidence.shown else ""
    return (
        f'<li class="card">{picture}<p class="id">{breakable(example.id)}</p>'
        f'<p class="muted">score {three_digits(example.score)}</p></li>'
    )
