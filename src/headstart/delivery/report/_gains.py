"""What transfer gave: the model beside ways to do without its pretrained network, as bars with intervals."""

from __future__ import annotations

import math
from html import escape

from headstart.core.results import Figure
from headstart.core.written_figures import Writing, words
from headstart.delivery.report._names import prose
from headstart.delivery.report._numbers import writing_of
from headstart.delivery.report._svg import Axis, drawing, round_axis
from headstart.delivery.report.evidence import Alternative, ReportEvidence

_HEIGHT = 28


def gains(evidence: ReportEvidence) -> str:
    """One bar for the model and one for each alternative, or nothing where nothing was compared."""
    if not evidence.gains or evidence.watched not in evidence.measured:
        return ""
    writing = writing_of(evidence, evidence.watched)
    model = Figure(*evidence.measured[evidence.watched])
    axis = gains_axis([model, *(each.reached for each in evidence.gains)], writing)
    rows = _row("this model", "pretrained", model, "", axis, writing, True)
    for each in evidence.gains:
        rows += _row(each.name, each.words, each.reached, _gain(each, writing), axis, writing, False)
    better = "longer" if evidence.higher_is_better.get(evidence.watched, True) else "shorter"
    return (
        f'<p class="lead"><strong>{prose(_verdict(evidence, writing))}</strong> Bars show the '
        f"{escape(words(evidence.watched))} with its 95 % interval on the {escape(evidence.judged_on)}; "
        f'{better} is better.</p><ol class="ladder gains">{rows}</ol>'
    )


def gains_axis(figures: list[Figure], writing: Writing) -> Axis:
    """From nought, where bars begin, to the largest interval's end; below nought where a figure is."""
    values = [0.0, *(value for figure in figures for value in figure)]
    return round_axis(values, 0.0, 1.0) if writing.proportion else round_axis(values)


def _verdict(evidence: ReportEvidence, writing: Writing) -> str:
    """What transfer gave over the best way without it, in a sentence; what tells nothing is left aside."""
    telling = [each for each in evidence.gains if each.tells]
    hurt = [each for each in telling if each.gain.high < 0 and not each.of_few]
    best = min(hurt or telling or evidence.gains, key=lambda each: each.gain.value)
    by = writing.distance(best.gain.value)
    interval = f"95 % interval {writing.range(best.gain)}"
    against = f"{best.words}, the best of the ways without it," if len(telling) > 1 else best.words
    if best.gain.low > 0:
        return f"Transfer gave {by} over {against.removesuffix(',')} ({interval})."
    if best.gain.high < 0:
        does = "may hurt" if best.of_few else "hurt"
        return f"Transfer {does} here: {best.words} does better by {by} ({interval})."
    return f"What transfer gave over {against} cannot be told from chance ({interval})."


def _gain(each: Alternative, writing: Writing) -> str:
    verdict = "cannot be told apart" if each.tells else "too few examples to tell"
    if each.gain.low > 0:
        verdict = "the model is better"
    elif each.gain.high < 0:
        verdict = "a head of as few examples is worse" if each.of_few else "the model is worse"
    return (
        f"<span>{writing.difference(each.gain.value)}</span> <small>{writing.range(each.gain)}</small> "
        f"<small>{verdict}</small>"
    )


def _row(name: str, what: str, figure: Figure, gain: str, axis: Axis, writing: Writing, kept: bool) -> str:
    kind = "rung kept" if kept else "rung"
    label = f"{words(name)}: {writing.value(figure.value)}, 95 % interval {writing.interval(figure)}"
    value = f"<strong>{writing.value(figure.value)}</strong> <small>{writing.interval(figure)}</small>"
    return (
        f'<li class="{kind}"><div class="rung-name"><strong>{escape(words(name))}</strong>'
        f'<small>{escape(what)}</small></div><div class="plot">{_bar(label, figure, axis)}</div>'
        f'<div class="rung-value">{value}</div><div class="rung-cost">{gain}</div></li>'
    )


def _bar(label: str, figure: Figure, axis: Axis) -> str:
    middle = _HEIGHT / 2
    start, end = sorted((axis.share(0.0), axis.share(figure.value if math.isfinite(figure.value) else 0.0)))
    marks = (
        f'<rect class="track" width="100%" y="{middle - 5:g}" height="10" rx="2"/>'
        f'<rect class="spent" x="{100 * start:.2f}%" width="{100 * (end - start):.2f}%" y="{middle - 5:g}" '
        f'height="10" rx="2"/>'
    )
    if math.isfinite(figure.low) and math.isfinite(figure.high):
        low, high = axis.percent(figure.low), axis.percent(figure.high)
        marks += f'<line class="whisker" x1="{low}" x2="{high}" y1="{middle:g}" y2="{middle:g}"/>'
        marks += "".join(
            f'<line class="whisker" x1="{x}" x2="{x}" y1="{middle - 8:g}" y2="{middle + 8:g}"/>' for x in (low, high)
        )
    return drawing(label, f'width="100%" height="{_HEIGHT}"', f"<title>{escape(label)}</title>{marks}")
