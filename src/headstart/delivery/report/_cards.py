"""Examples as cards: the input, what it is, what the model said; and the worst mistakes as such cards."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Protocol

from headstart.core.written_figures import percent
from headstart.delivery.report._names import breakable
from headstart.delivery.report._numbers import count
from headstart.delivery.report.evidence import Mistake, ReportEvidence

_UNFOLDED = 12


class Showing(Protocol):
    """Of a page's evidence, HTML fragments of examples, and their targets as a person reads them, by id."""

    @property
    def shown(self) -> Mapping[str, str]: ...

    @property
    def truths(self) -> Mapping[str, str]: ...


def card(evidence: Showing, name: str, *rows: tuple[str, str]) -> str:
    """One example: itself where the page has it, `rows` of term and ready-made HTML, and its id."""
    shown = f'<div class="shown">{evidence.shown[name]}</div>' if name in evidence.shown else ""
    terms = "".join(f'<div class="{term}"><dt>{term}</dt><dd>{text}</dd></div>' for term, text in rows if text)
    verdict = f'<dl class="verdict">{terms}</dl>' if terms else ""
    return f'<li class="card">{shown}{verdict}<p class="id">{breakable(name)}</p></li>'


def said(predicted: str, probability: float | None) -> str:
    """A prediction and how sure it was, as HTML."""
    sure = "" if probability is None else f' <span class="muted">{percent(probability)}</span>'
    return breakable(predicted) + sure


def folded(cards: list[str], unfolded: int, kind: str = "cards") -> str:
    """The first `unfolded` cards open, the rest behind a line that says how many."""
    opened = f'<ul class="{kind}">{"".join(cards[:unfolded])}</ul>' if cards else ""
    if len(cards) <= unfolded:
        return opened
    return (
        f"{opened}<details><summary>{count(len(cards) - unfolded)} more</summary>"
        f'<ul class="{kind}">{"".join(cards[unfolded:])}</ul></details>'
    )


def mistakes(evidence: ReportEvidence) -> str:
    """The first dozen open, the rest folded; nothing where there are none."""
    cards = [_mistake(evidence, mistake) for mistake in evidence.mistakes]
    if not cards:
        return ""
    order = "most confident" if any(mistake.probability is not None for mistake in evidence.mistakes) else "largest"
    return (
        f'<p class="lead">From the {escape(evidence.judged_on)}, the {order} first. A bad mistake is '
        f"often a wrong label, an unusual example, or a shortcut that the model has learned.</p>"
        f"{folded(cards, _UNFOLDED)}"
    )


def _mistake(evidence: ReportEvidence, mistake: Mistake) -> str:
    rows = ("said", said(mistake.predicted, mistake.probability)), ("truth", breakable(mistake.truth))
    return card(evidence, mistake.id, *rows)
