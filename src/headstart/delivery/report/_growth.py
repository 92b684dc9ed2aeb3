"""Would more examples help? The watched figure at growing numbers of examples, and where its curve leads."""

from __future__ import annotations

from collections import Counter, defaultdict
from html import escape
from typing import NamedTuple

import numpy as np

from headstart.core.learning_curves import extrapolate
from headstart.core.results import Figure
from headstart.core.written_figures import Writing, is_proportion, words
from headstart.delivery.report._names import prose
from headstart.delivery.report._numbers import count
from headstart.delivery.report._svg import Axis, drawing, round_axis
from headstart.delivery.report.evidence import ReportEvidence

_WIDTH, _HEIGHT = 340, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 322, 12, 172
_AHEAD = 6
"""So many points of the extension are computed; the curve is smooth between them."""


class Growth(NamedTuple):
    """``sizes`` (K,) rising, ``drawn`` (J, K) figures by draw, ``ahead``: (examples, figure with 90 % interval)."""

    sizes: list[int]
    drawn: np.ndarray
    ahead: list[tuple[int, Figure]]


def growth_of(evidence: ReportEvidence) -> Growth | None:
    """The curve of refits with its extension to twice the examples; None where there are too few points.

    As ``diagnosis/learning_curve.py`` has it: incomplete draws are left out, and a figure whose best value is 1 is
    extended as its distance from 1.
    """
    figures: dict[int, list[float]] = defaultdict(list)
    for size, figure in evidence.curve:
        figures[size].append(figure)
    if not figures:
        return None
    draws = Counter(len(column) for column in figures.values()).most_common(1)[0][0]
    sizes = sorted(size for size, column in figures.items() if len(column) == draws)
    now = evidence.result.examples.train + evidence.result.examples.validation
    if len(sizes) < 3 or draws < 2 or now < sizes[-1]:
        return None
    drawn = np.array([figures[size] for size in sizes]).T
    higher = evidence.higher_is_better.get(evidence.watched, True)
    places = np.unique(np.linspace(now, 2 * now, _AHEAD).astype(int)).tolist()
    errors = extrapolate(sizes, 1 - drawn if higher else drawn, places)
    ahead = [(at, _turned(error, higher)) for at, error in zip(places, errors, strict=True)]
    return Growth(sizes, drawn, ahead)


def _turned(error: Figure, higher: bool) -> Figure:
    return Figure(1 - error.value, 1 - error.high, 1 - error.low) if higher else error


def growth(evidence: ReportEvidence) -> str:
    """A sentence, the chart and the measured points as a table; nothing without a curve."""
    found = growth_of(evidence)
    if found is None:
        return ""
    higher = evidence.higher_is_better.get(evidence.watched, True)
    writing = Writing(is_proportion(evidence.watched, higher, found.drawn.mean(axis=0).tolist()))
    (now, here), (twice, there) = found.ahead[0], found.ahead[-1]
    name = words(evidence.watched)
    lead = (
        f"With the {count(now)} examples there are, a linear head on the frozen network reaches a {name} of about "
        f"{writing.value(here.value)}; with twice as many, {count(twice)}, it would be about "
        f"{writing.value(there.value)} (90 % interval {writing.interval(there)})."
    )
    return (
        f'<p class="lead"><strong>{prose(lead)}</strong> Dots are measured, the band is where the curve may lead. '
        "The finished model may be better than this head; its slope is what counts here.</p>"
        f'<div class="beside"><figure class="chart square"><figcaption>{escape(name)} by number of examples'
        f"</figcaption>{_chart(found, writing, lead)}</figure>{_table(found, name, writing)}</div>"
    )


def _chart(found: Growth, writing: Writing, label: str) -> str:
    ends = [end for _, figure in found.ahead for end in (figure.low, figure.high)]
    values = [*found.drawn.ravel().tolist(), *ends]
    up = round_axis(values, 0.0, 1.0) if writing.proportion else round_axis(values)
    across = round_axis([0.0, float(found.ahead[-1][0])])
    content = _grid(up, across, writing) + _extension(found, across, up) + _measured(found, across, up)
    picture = f"<title>{escape(label)}</title>{content}"
    return drawing(label, f'viewBox="0 0 {_WIDTH} {_HEIGHT}"', picture)


def _place(size: float, value: float, across: Axis, up: Axis) -> tuple[float, float]:
    return _LEFT + across.share(size) * (_RIGHT - _LEFT), _BOTTOM - up.share(value) * (_BOTTOM - _TOP)


def _points(points: list[tuple[float, float]], across: Axis, up: Axis) -> str:
    return " ".join("{:.1f},{:.1f}".format(*_place(*point, across, up)) for point in points)


def _extension(found: Growth, across: Axis, up: Axis) -> str:
    high = [(float(at), figure.high) for at, figure in found.ahead]
    low = [(float(at), figure.low) for at, figure in reversed(found.ahead)]
    middle = [(float(at), figure.value) for at, figure in found.ahead]
    return (
        f'<polygon class="band" points="{_points([*high, *low], across, up)}"/>'
        f'<polyline class="line ahead" points="{_points(middle, across, up)}"/>'
    )


def _measured(found: Growth, across: Axis, up: Axis) -> str:
    means = [(float(size), float(mean)) for size, mean in zip(found.sizes, found.drawn.mean(axis=0), strict=True)]
    marks = [f'<polyline class="line validation" points="{_points(means, across, up)}"/>']
    for (size, mean), low, high in zip(means, found.drawn.min(axis=0), found.drawn.max(axis=0), strict=True):
        (x, y), (_, top), (_, bottom) = (_place(size, value, across, up) for value in (mean, high, low))
        marks.append(f'<line class="whisker" x1="{x:.1f}" x2="{x:.1f}" y1="{top:.1f}" y2="{bottom:.1f}"/>')
        marks.append(f'<circle class="best" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
    return "".join(marks)


def _grid(up: Axis, across: Axis, writing: Writing) -> str:
    parts = []
    for tick, label in zip(up.ticks, up.labels(writing.proportion), strict=True):
        y = _BOTTOM - up.share(tick) * (_BOTTOM - _TOP)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(label)}</text>')
    for tick in across.ticks:
        x = _LEFT + across.share(tick) * (_RIGHT - _LEFT)
        parts.append(f'<text x="{x:.1f}" y="{_BOTTOM + 18}" text-anchor="middle">{count(round(tick))}</text>')
    middle = f'x="{(_LEFT + _RIGHT) / 2:g}" y="{_BOTTOM + 40}" text-anchor="middle"'
    return "".join(parts) + f"<text {middle}>examples learnt from</text>"


def _table(found: Growth, name: str, writing: Writing) -> str:
    rows = "".join(
        f'<tr><td class="number">{count(size)}</td><td class="number">{writing.value(mean)}</td>'
        f'<td class="number">{writing.value(low)} to {writing.value(high)}</td></tr>'
        for size, mean, low, high in zip(
            found.sizes, found.drawn.mean(axis=0), found.drawn.min(axis=0), found.drawn.max(axis=0), strict=True
        )
    )
    return (
        '<table class="compact"><thead><tr><th scope="col" class="number">Examples</th><th scope="col" '
        f'class="number">{escape(name)}, mean</th><th scope="col" class="number">of {len(found.drawn)} draws</th>'
        f"</tr></thead><tbody>{rows}</tbody></table>"
    )
