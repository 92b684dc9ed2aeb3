"""The worst mistakes as cards: the input, what it is, what the model said."""

from __future__ import annotations

from html import escape

from headstart.delivery.report._names import breakable
from headstart.delivery.report._numbers import count, percent
from headstart.delivery.report.evidence import Mistake, ReportEvidence

_UNFOLDED = 12


def mistakes(evidence: ReportEvidence) -> str:
    """The first dozen open, the rest folded; nothing where there are none."""
    cards = [_card(mistake) for mistake in evidence.mistakes]
    if not cards:
        return ""
    more = ""
    if len(cards) > _UNFOLDED:
        more = (
            f"<details><summary>{count(len(cards) - _UNFOLDED)} more</summary>"
            f'<ul class="cards">{"".join(cards[_UNFOLDED:])}</ul></details>'
        )
    order = "most confident" if any(mistake.probability is not None for mistake in evidence.mistakes) else "largest"
    return (
        f'<p class="lead">From the {escape(evidence.measured_on)} examples, the {order} first. A bad mistake is '
        "often a wrong label, an unusual example, or a shortcut that the model has learned.</p>"
        f'<ul class="cards">{"".join(cards[:_UNFOLDED])}</ul>{more}'
    )


def _card(mistake: Mistake) -> str:
    sure = "" if mistake.probability is None else f' <span class="muted">{percent(mistake.probability)}</span>'
    return (
        f'<li class="card"><div class="shown">{mistake.html}</div><dl class="verdict">'
        f'<div class="said"><dt>said</dt><dd>{breakable(mistake.predicted)}{sure}</dd></div>'
        f"<div><dt>truth</dt><dd>{breakable(mistake.truth)}</dd></div></dl>"
        f'<p class="id">{breakable(mistake.id)}</p></li>'
    )
