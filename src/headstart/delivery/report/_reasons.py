"""Why the model says so: a few wrong and right predictions, what speaks for each, and how far that can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from headstart.core.written_figures import words
from headstart.delivery.report._cards import said
from headstart.delivery.report._names import breakable, prose
from headstart.delivery.report.evidence import Explained, Near, Reason, ReportEvidence

_VERDICTS = {True: "passed", False: "failed", None: "not judged"}


def reasons(evidence: ReportEvidence) -> str:
    """Wrong predictions first, then right ones; a sentence where something is missing; nothing without either."""
    if not evidence.explained and not evidence.unexplained:
        return ""
    missing = f'<p class="muted">{prose(evidence.unexplained)}</p>' if evidence.unexplained else ""
    if not evidence.explained:
        return missing
    parts = [
        ("Wrong predictions", [each for each in evidence.explained if each.right is False]),
        ("Right predictions", [each for each in evidence.explained if each.right]),
        ("The worst, and one of the best", [each for each in evidence.explained if each.right is None]),
    ]
    groups = "".join(
        f'<h3>{title}</h3><ul class="explained">{"".join(_one(each, evidence) for each in some)}</ul>'
        for title, some in parts
        if some
    )
    return f'<p class="lead">{_lead(evidence)}</p>{groups}{missing}'


def _lead(evidence: ReportEvidence) -> str:
    if evidence.drawn:
        return (
            "Where the model is unsure of its mask: the lighter the colour, the less sure a place is of its class. "
            "Beside it the edges of the mask."
        )
    which = " of the outlined box" if evidence.boxed else ""
    return (
        f"What in the input speaks for what the model said{which}. {_key(evidence)} Look whether it is what you "
        "would look at."
    )


def _key(evidence: ReportEvidence) -> str:
    """How to read what is shown: coloured words, or coloured places."""
    if any('class="marked"' in reason.html for each in evidence.explained for reason in each.reasons):
        return '<span class="for">Orange</span> words speak for it, <span class="against">blue</span> ones against.'
    return "The lighter the colour, the more a place counts."


def _one(each: Explained, evidence: ReportEvidence) -> str:
    given = evidence.shown.get(each.id, "")
    original = f'<div class="shown">{given}</div>' if "<svg" in given or "<img" in given else ""
    shown = "".join(_reason(reason, evidence) for reason in each.reasons)
    rows = (("said", said(each.predicted, each.probability)), ("truth", breakable(each.truth)))
    terms = "".join(f'<div class="{term}"><dt>{term}</dt><dd>{text}</dd></div>' for term, text in rows)
    return (
        f'<li class="why"><div class="about">{original}<dl class="verdict">{terms}</dl>'
        f'<p class="id">{breakable(each.id)}</p></div><div class="reasons">{shown}</div></li>'
    )


def _reason(reason: Reason, evidence: ReportEvidence) -> str:
    doubt = '<p class="doubt">Not to be trusted: it failed its own check.</p>' if reason.doubted else ""
    near = f'<ul class="near">{"".join(_near(each, evidence) for each in reason.near)}</ul>' if reason.near else ""
    return (
        f'<figure class="reason"><figcaption>{escape(words(reason.method))}</figcaption>{doubt}'
        f"{reason.html}{near}{_checks(reason.checks)}</figure>"
    )


def _near(near: Near, evidence: ReportEvidence) -> str:
    shown = f'<div class="shown">{evidence.shown[near.id]}</div>' if near.id in evidence.shown else ""
    return (
        f'<li>{shown}<p><strong>{breakable(near.label)}</strong> <span class="muted">{near.similarity:.2f}</span></p>'
        f'<p class="id">{breakable(near.id)}</p></li>'
    )


def _checks(checks: Sequence[tuple[bool | None, str]]) -> str:
    if not checks:
        return ""
    judged = [verdict for verdict, _ in checks if verdict is not None]
    rest = len(checks) - len(judged)
    counts = [f"{sum(judged)} of {len(judged)} passed"] if judged else []
    counts += [f"{rest} not judged"] if rest else []
    items = "".join(f"<li><strong>{_VERDICTS[verdict]}:</strong> {prose(text)}</li>" for verdict, text in checks)
    return f'<details><summary>Its own checks: {", ".join(counts)}</summary><ul class="checks">{items}</ul></details>'
