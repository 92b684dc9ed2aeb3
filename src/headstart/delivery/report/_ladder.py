"""The ladder drawn: every rung's figure with its interval on one axis, and what the rung cost."""

from __future__ import annotations

import math
from html import escape

from headstart.core.results import Figure, RungResult
from headstart.core.timing import say_duration
from headstart.core.written_figures import Writing, words
from headstart.delivery.report._names import prose
from headstart.delivery.report._numbers import count, writing_of
from headstart.delivery.report._svg import Axis, drawing, round_axis
from headstart.delivery.report.evidence import ReportEvidence

_HEIGHT = 28


def ladder(evidence: ReportEvidence) -> str:
    """One row per rung from cheap to dear, or nothing where no rung was climbed."""
    rungs = evidence.result.rungs
    if not rungs:
        return ""
    writing = writing_of(evidence, evidence.watched)
    axis = ladder_axis(evidence)
    dearest = max([max(rung.seconds, rung.predicted_seconds) for rung in rungs] + [1e-9])
    rows = "".join(_row(rung, evidence, axis, writing, dearest) for rung in rungs)
    better = "to the right" if evidence.higher_is_better.get(evidence.watched, True) else "to the left"
    return (
        f'<p class="lead">The {escape(words(evidence.watched))} of each rung on the {evidence.compared_on}, with its '
        f"95 % interval; better is {better}. Bars compare cost: filled is the time taken, the mark the time "
        f"predicted.</p>"
        f'<ol class="ladder"><li class="rung axis-row" aria-hidden="true">'
        f'<div class="plot">{_axis_labels(axis, writing)}</div></li>{rows}</ol>'
    )


def ladder_axis(evidence: ReportEvidence) -> Axis:
    """The common axis: covers every interval of the watched figure; proportions stay within 0–1."""
    figures = [rung.validation[evidence.watched] for rung in evidence.result.rungs if _measured(rung, evidence)]
    values = [value for figure in figures for value in figure]
    if writing_of(evidence, evidence.watched).proportion:
        return round_axis(values, 0.0, 1.0)
    return round_axis(values)


def _measured(rung: RungResult, evidence: ReportEvidence) -> bool:
    return evidence.watched in rung.validation and math.isfinite(rung.validation[evidence.watched][0])


def _row(rung: RungResult, evidence: ReportEvidence, axis: Axis, writing: Writing, dearest: float) -> str:
    figure = Figure(*rung.validation[evidence.watched]) if _measured(rung, evidence) else None
    value = (
        f"<strong>{writing.value(figure.value)}</strong> <small>{writing.interval(figure)}</small>"
        if figure
        else "<small>not measured</small>"
    )
    reason = f'<p class="reason">{prose(rung.reason)}</p>' if rung.reason else ""
    kind, chip = ("rung kept", ' <span class="chip">kept</span>') if rung.kept else ("rung", "")
    return (
        f'<li class="{kind}"><div class="rung-name"><strong>{escape(words(rung.name))}</strong>{chip}'
        f"{_details(rung)}</div>"
        f'<div class="plot">{_plot(rung, figure, evidence, axis, writing)}</div>'
        f'<div class="rung-value">{value}</div><div class="rung-cost">{_cost(rung, dearest)}</div>{reason}</li>'
    )


def _details(rung: RungResult) -> str:
    parts = [] if words(rung.strategy) in words(rung.name) else [words(rung.strategy)]
    parts.append(f"freeze depth {rung.freeze_depth}")
    if rung.tuned_share < 1:
        parts.append(f"weights {rung.tuned_share:.0%} of the way to the tuned ones")
    if rung.trainable_parameters:
        parts.append(f"{count(rung.trainable_parameters)} trained parameters")
    return f"<small>{escape(' · '.join(parts))}</small>"


def _plot(rung: RungResult, figure: Figure | None, evidence: ReportEvidence, axis: Axis, writing: Writing) -> str:
    middle = _HEIGHT / 2
    marks = "".join(
        f'<line class="grid" x1="{axis.percent(tick)}" x2="{axis.percent(tick)}" y1="0" y2="{_HEIGHT}"/>'
        for tick in axis.ticks
    )
    kept = evidence.kept
    if kept and _measured(kept, evidence):
        at = axis.percent(kept.validation[evidence.watched][0])
        marks += f'<line class="kept-line" x1="{at}" x2="{at}" y1="0" y2="{_HEIGHT}"/>'
    label = f"{words(rung.name)}: not measured"
    if figure:
        label = f"{words(rung.name)}: {writing.value(figure.value)}, 95 % interval {writing.interval(figure)}"
        if math.isfinite(figure.low) and math.isfinite(figure.high):
            marks += _whisker(axis.percent(figure.low), axis.percent(figure.high), middle)
        marks += f'<circle class="dot" cx="{axis.percent(figure.value)}" cy="{middle:g}" r="6"/>'
    return drawing(label, f'width="100%" height="{_HEIGHT}"', f"<title>{escape(label)}</title>{marks}")


def _whisker(low: str, high: str, middle: float) -> str:
    caps = "".join(
        f'<line class="whisker" x1="{end}" x2="{end}" y1="{middle - 5:g}" y2="{middle + 5:g}"/>'
        for end in (low, high)
    )
    return f'<line class="whisker" x1="{low}" x2="{high}" y1="{middle:g}" y2="{middle:g}"/>{caps}'


def _cost(rung: RungResult, dearest: float) -> str:
    taken = say_duration(rung.seconds) if rung.seconds else "not run"
    predicted = say_duration(rung.predicted_seconds)
    axis = Axis(0.0, dearest, ())
    at = axis.percent(rung.predicted_seconds)
    bars = (
        f'<rect class="track" width="100%" height="6" rx="3"/>'
        f'<rect class="spent" width="{axis.percent(rung.seconds)}" height="6" rx="3"/>'
        f'<line class="predicted" x1="{at}" x2="{at}" y1="-3" y2="9"/>'
    )
    bar = drawing(f"took {taken}, predicted {predicted}", 'width="100%" height="6"', bars)
    return f"<span>{taken}</span> <small>predicted {predicted}</small>{bar}"


def _axis_labels(axis: Axis, writing: Writing) -> str:
    labels = "".join(
        f'<text x="{axis.percent(tick)}" y="12" text-anchor="middle">{escape(label)}</text>'
        for tick, label in zip(axis.ticks, axis.labels(writing.proportion), strict=True)
    )
    return f'<svg width="100%" height="16">{labels}</svg>'
