"""What the diagnoses found, most serious first, each with its examples and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from headstart.core.results import Finding, FindingExample
from headstart.core.severities import SEVERITIES, say_severities
from headstart.core.written_figures import three_digits, words
from headstart.delivery.report._cards import Showing, card, folded
from headstart.delivery.report._names import breakable, prose
from headstart.delivery.report._numbers import count, of
from headstart.delivery.report.evidence import ReportEvidence

_UNFOLDED = 6
_SHOWN = 60


def findings(evidence: ReportEvidence) -> str:
    """The findings as a list, or nothing where there are none."""
    return listed(evidence.result.findings, evidence, "result.json")


def listed(found: Sequence[Finding], evidence: Showing, whole: str) -> str:
    """`found` as a list, the gravest first; `whole` says where all examples are listed."""
    order = list(SEVERITIES)
    found = sorted(found, key=lambda finding: order.index(finding.severity))
    if not found:
        return ""
    items = "".join(_item(finding, evidence, whole) for finding in found)
    return f'<p class="lead">{say_severities(found)}.</p><ul class="findings">{items}</ul>'


def _item(finding: Finding, evidence: Showing, whole: str) -> str:
    step = f'<p class="step"><span>What to do:</span> {prose(finding.next_step)}</p>' if finding.next_step else ""
    return (
        f'<li class="finding {finding.severity}"><p class="finding-head">'
        f'<span class="badge">{finding.severity}</span> '
        f'<span class="muted">{escape(words(finding.diagnosis))}</span></p>'
        f'<p class="summary">{prose(finding.summary)}</p>{step}{_examples(finding, evidence, whole)}</li>'
    )


def _examples(finding: Finding, evidence: Showing, whole: str) -> str:
    """The first examples as cards, those without a place in the page as a list of names."""
    given = finding.examples[:_SHOWN]
    if not given:
        return ""
    seen = [example for example in given if example.id in evidence.shown]
    named = [example for example in given if example.id not in evidence.shown]
    more = len(finding.examples) - len(given)
    rest = f'<p class="muted">… and {count(more)} more, listed in {escape(whole)}</p>' if more > 0 else ""
    return folded([_example(example, evidence) for example in seen], _UNFOLDED, "cards small") + _names(named, rest)


def _example(example: FindingExample, evidence: Showing) -> str:
    truth, note = breakable(evidence.truths.get(example.id, "")), breakable(example.note)
    return card(evidence, example.id, ("label", truth), ("score", three_digits(example.score)), ("note", note))


def _names(examples: list[FindingExample], rest: str) -> str:
    if not examples:
        return rest
    items = "".join(f"<li>{_named(example)}</li>" for example in examples)
    title = f"{of(len(examples), 'example')} by name, with its score"
    return f'<details><summary>{title}</summary><ul class="names">{items}</ul>{rest}</details>'


def _named(example: FindingExample) -> str:
    note = f", {breakable(example.note)}" if example.note else ""
    return f"{breakable(example.id)}{note} <span>{three_digits(example.score)}</span>"
