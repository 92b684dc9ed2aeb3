"""The data behind the model: splits, how classes are distributed, what examples look like; how to fit it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from headstart.delivery.report._names import breakable
from headstart.delivery.report._numbers import count, of
from headstart.delivery.report.evidence import ReportEvidence

_BARS = 15
_GROUPS = 8


def data(evidence: ReportEvidence) -> str:
    """Split counts, bars per class, and samples; nothing where the evidence has none of these."""
    parts = [
        _splits(evidence),
        _bars(evidence.data_summary, _counted(evidence)),
        _bars(evidence.answered, "Answers to unlabelled inputs"),
        _samples(evidence),
    ]
    return "".join(parts)


def _splits(evidence: ReportEvidence) -> str:
    counts = evidence.result.examples
    splits = [("training", counts.train), ("validation", counts.validation), ("test", counts.test)]
    if not any(number for _, number in splits):
        return ""
    items = "".join(
        f"<li><strong>{count(number)}</strong> <span>{name}</span></li>" for name, number in splits if number
    )
    if counts.set_aside:
        items += f"<li><strong>{count(counts.set_aside)}</strong> <span>set aside as unreadable</span></li>"
    return f'<ul class="splits">{items}</ul>'


def _counted(evidence: ReportEvidence) -> str:
    """What the bars count."""
    what = evidence.summed_up
    return "Training examples" if what == "example" else f"{what.capitalize()}s in training examples"


def _bars(summary: Sequence[tuple[str, int]], heading: str) -> str:
    if not summary:
        return ""
    largest = max([number for _, number in summary] + [1])
    rows = [
        f'<li><span class="bar-name">{breakable(name)}</span><span class="bar-track"><span class="bar" '
        f'style="width:{100 * number / largest:.1f}%"></span></span>'
        f'<span class="bar-count">{count(number)}</span></li>'
        for name, number in summary
    ]
    return f'<h3>{heading}</h3><ul class="bars">{"".join(rows[:_BARS])}</ul>' + _folded(
        rows[_BARS:], "bars", f"The other {len(rows) - _BARS}"
    )


def _samples(evidence: ReportEvidence) -> str:
    groups: dict[str, list[str]] = {}
    for label, name in evidence.samples:
        if name in evidence.shown:
            groups.setdefault(label, []).append(evidence.shown[name])
    rows = [
        f'<li><p class="sample-label">{breakable(label)}</p><div class="strip">'
        + "".join(f'<div class="shown">{fragment}</div>' for fragment in fragments)
        + "</div></li>"
        for label, fragments in groups.items()
    ]
    if not rows:
        return ""
    return f'<h3>What they look like</h3><ul class="samples">{"".join(rows[:_GROUPS])}</ul>' + _folded(
        rows[_GROUPS:], "samples", f"Samples of {of(len(rows) - _GROUPS, 'other group')}"
    )


def _folded(rows: list[str], kind: str, title: str) -> str:
    if not rows:
        return ""
    return f'<details><summary>{escape(title)}</summary><ul class="{kind}">{"".join(rows)}</ul></details>'


def provenance(evidence: ReportEvidence) -> str:
    """How to fit it again, what was asked for, and where everything came from; nothing without any of these."""
    tables = [("What was asked for", evidence.settings), ("Where it came from", evidence.provenance)]
    return _repeat(evidence) + "".join(f"<div><h3>{title}</h3>{_table(rows)}</div>" for title, rows in tables if rows)


def _repeat(evidence: ReportEvidence) -> str:
    if not evidence.repeat:
        return ""
    return (
        f'<div><h3>How to repeat it</h3><pre tabindex="0"><code>{escape(evidence.repeat)}</code></pre>'
        '<p class="lead">The same data, seed and versions (below) give the same figures, as long as the machine gets '
        "as far within the budget.</p></div>"
    )


def _table(rows: Mapping[str, str]) -> str:
    body = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(str(value))}</dd></div>" for name, value in rows.items())
    return f'<dl class="plain">{body}</dl>'
