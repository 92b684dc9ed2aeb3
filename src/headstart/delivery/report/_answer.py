"""The top of the page: how good, how sure, at what cost, what was chosen and why, what next."""

from __future__ import annotations

from html import escape

from headstart.core.results import Figure
from headstart.core.severities import say_severities
from headstart.core.timing import say_duration
from headstart.core.written_figures import NARROW_SPACE, meaning, words
from headstart.delivery.report._names import prose, titled
from headstart.delivery.report._numbers import of, writing_of
from headstart.delivery.report.evidence import ReportEvidence


def answer(evidence: ReportEvidence) -> str:
    """The page's header: headline, figures with intervals, and the facts in a short list."""
    eyebrow = "Headstart report" + (f" <span>{escape(evidence.title)}</span>" if evidence.title else "")
    facts = [
        ("How sure", _how_sure(evidence)),
        ("Compared", "".join(f"<p>{prose(line)}</p>" for line in evidence.baseline)),
        ("Chosen", _chosen(evidence)),
        ("Found", _found(evidence)),
        ("Cost", _cost(evidence)),
        ("Next", f"<p>{prose(evidence.next_step)}</p>" if evidence.next_step else ""),
        ("Caution", f"<p><strong>{prose(evidence.caution)}</strong></p>" if evidence.caution else ""),
    ]
    rows = "".join(
        f'<div class="fact{" next" if name == "Next" else ""}"><dt>{name}</dt><dd>{text}</dd></div>'
        for name, text in facts
        if text
    )
    return (
        f'<header id="answer"><p class="eyebrow">{eyebrow}</p><h1>{prose(evidence.headline)}</h1>'
        f'{_figures(evidence)}<dl class="facts">{rows}</dl></header>'
    )


def _figures(evidence: ReportEvidence) -> str:
    measured = evidence.measured
    names = sorted(measured, key=lambda name: name != evidence.watched)
    tiles = "".join(_tile(evidence, name, Figure(*measured[name])) for name in names)
    return f'<ul class="figures">{tiles}</ul>' if tiles else ""


def _tile(evidence: ReportEvidence, name: str, figure: Figure) -> str:
    writing = writing_of(evidence, name)
    note = f'<span class="figure-note">{escape(said)}</span>' if (said := meaning(name)) else ""
    direction = "" if evidence.higher_is_better.get(name, True) else " <small>· lower is better</small>"
    return (
        f'<li class="figure{" watched" if name == evidence.watched else ""}">'
        f'<span class="figure-name">{escape(titled(name))}{direction}</span>{note}'
        f'<span class="figure-value">{writing.value(figure.value)}</span>'
        f'<span class="figure-interval">95 % interval {writing.interval(figure)}</span></li>'
    )


def _how_sure(evidence: ReportEvidence) -> str:
    counts = evidence.result.examples
    if told := evidence.result.from_names:
        return (
            f"<p>Nobody knows yet: no example has a label. Of {of(told.looked_at, 'unlabelled input')} the answers "
            f"have a mean probability of {100 * told.confidence:.0f}{NARROW_SPACE}%, which nothing has checked.</p>"
        )
    if evidence.result.test is not None:
        return (
            f"<p>Measured once, on {of(counts.test, 'test example')} that played no part in training or choosing. "
            "Repeated with other test examples, intervals like these would hold the true figure 19 times in 20.</p>"
        )
    if not counts.validation:
        return (
            f"<p>Measured on the {of(counts.train, 'training example')} themselves, each judged by a model that did "
            "not see it; they also chose the rung. Too few to hold any out: take the figures as a rough guess.</p>"
        )
    return (
        f"<p>Measured on the {of(counts.validation, 'validation example')} that also chose the rung, so slightly "
        "optimistic. A test split would give an independent answer.</p>"
    )


def _chosen(evidence: ReportEvidence) -> str:
    result, kept = evidence.result, evidence.kept
    reason = f"<p>{prose(kept.reason)}</p>" if kept and kept.reason else ""
    stopped = f"<p>{prose(result.stopped_because)}</p>" if result.stopped_because else ""
    return (
        f"<p><strong>{escape(words(result.chosen))}</strong> on <strong>{escape(result.backbone)}</strong></p>"
        f"{reason}{stopped}"
    )


def _found(evidence: ReportEvidence) -> str:
    """How many findings of each severity, as a way to them."""
    graded = say_severities(evidence.result.findings)
    return f'<p><a href="#findings">{graded}</a></p>' if graded else ""


def _cost(evidence: ReportEvidence) -> str:
    seconds = evidence.result.seconds
    parts = [
        ("reading and decoding", seconds.decode),
        ("the frozen part", seconds.forward),
        ("training", seconds.train),
    ]
    parts.append(("the rest", max(0.0, seconds.total - sum(spent for _, spent in parts))))
    spent = ", ".join(f"{name} {say_duration(value)}" for name, value in parts if value >= 0.05)
    in_all = prose(" in all: " + spent) if spent else ""
    return f"<p><strong>{say_duration(seconds.total)}</strong>{in_all}</p>"
