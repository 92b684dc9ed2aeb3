"""Epoch by epoch: losses, and the watched figure, for every rung that trained in epochs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

from headstart.core.results import RungResult
from headstart.core.written_figures import three_digits, words
from headstart.delivery.report._numbers import writing_of
from headstart.delivery.report._svg import Axis, drawing, round_axis
from headstart.delivery.report.evidence import ReportEvidence

_WIDTH, _HEIGHT = 340, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 264, 10, 162
_LABEL_GAP = 14.0

COMPARED = "Validation loss that rises while training loss falls is overfitting. The ring marks the best epoch."
ALONE = (
    "No examples were held out: training loss alone is drawn, which shows no overfitting. The ring marks the least."
)


class Line(NamedTuple):
    """One curve: its label, CSS class and points (epoch, value)."""

    label: str
    kind: str
    points: list[tuple[float, float]]


def curves(evidence: ReportEvidence) -> str:
    """Charts for every rung with at least two epochs, or nothing."""
    drawn = "".join(_rung(rung, evidence) for rung in evidence.result.rungs if len(rung.curve) > 1)
    if not drawn:
        return ""
    compared = any("validation_loss" in epoch for rung in evidence.result.rungs for epoch in rung.curve)
    return f'<p class="lead">{COMPARED if compared else ALONE}</p>{drawn}'


def _rung(rung: RungResult, evidence: ReportEvidence) -> str:
    writing = writing_of(evidence, evidence.watched)
    losses = [
        Line("training", "train", _points(rung, "train_loss")),
        Line("validation", "validation", _points(rung, "validation_loss")),
    ]
    watched = [Line("validation", "validation", _points(rung, evidence.watched))]
    higher = evidence.higher_is_better.get(evidence.watched, True)
    charts = _chart(losses, "Loss", False, False, three_digits)
    charts += _chart(watched, _title(words(evidence.watched)), writing.proportion, higher, writing.value)
    if not charts:
        return ""
    kept = ' <span class="chip">kept</span>' if rung.kept else ""
    return f'<h3>{escape(words(rung.name))}{kept}</h3><div class="charts">{charts}</div>'


def _title(name: str) -> str:
    """With a capital in front, unless it has capitals of its own: ``Accuracy``, but ``mAP``."""
    return name if name.casefold() != name else name[:1].upper() + name[1:]


def _points(rung: RungResult, name: str) -> list[tuple[float, float]]:
    """(epoch, value) of each finite value; a missing epoch number is counted from 1."""
    pairs = [(point.get("epoch", i), point.get(name)) for i, point in enumerate(rung.curve, start=1)]
    return [(float(epoch), float(value)) for epoch, value in pairs if value is not None and math.isfinite(value)]


def _chart(lines: Sequence[Line], title: str, proportion: bool, higher: bool, write: Callable[[float], str]) -> str:
    lines = [line for line in lines if len(line.points) > 1]
    if not lines:
        return ""
    epochs = [epoch for line in lines for epoch, _ in line.points]
    values = [value for line in lines for _, value in line.points]
    across = Axis(min(epochs), max(max(epochs), min(epochs) + 1), ())
    up = round_axis(values, 0.0, 1.0) if proportion else round_axis(values)
    best = (max if higher else min)(lines[-1].points, key=lambda point: point[1])
    label = f"{title} by epoch; best {lines[-1].label} {write(best[1])} at epoch {best[0]:g}"
    content = _grid(up, proportion) + _epochs(across) + "".join(_line(line, across, up) for line in lines)
    x, y = _place(best, across, up)
    content += f'<circle class="best" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>' + _line_labels(lines, across, up)
    picture = drawing(label, f'viewBox="0 0 {_WIDTH} {_HEIGHT}"', f"<title>{escape(label)}</title>{content}")
    caption = f"{escape(title)} <small>best {write(best[1])} at epoch {best[0]:g}</small>"
    return f'<figure class="chart"><figcaption>{caption}</figcaption>{picture}</figure>'


def _place(point: tuple[float, float], across: Axis, up: Axis) -> tuple[float, float]:
    return _LEFT + across.share(point[0]) * (_RIGHT - _LEFT), _BOTTOM - up.share(point[1]) * (_BOTTOM - _TOP)


def _grid(up: Axis, proportion: bool) -> str:
    parts = []
    for tick, label in zip(up.ticks, up.labels(proportion), strict=True):
        y = _BOTTOM - up.share(tick) * (_BOTTOM - _TOP)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(label)}</text>')
    return "".join(parts)


def _epochs(across: Axis) -> str:
    ends = (
        f'<text x="{_LEFT}" y="{_BOTTOM + 20}" text-anchor="start">{across.low:g}</text>'
        f'<text x="{_RIGHT}" y="{_BOTTOM + 20}" text-anchor="end">{across.high:g}</text>'
    )
    return ends + f'<text x="{(_LEFT + _RIGHT) / 2:g}" y="{_BOTTOM + 20}" text-anchor="middle">epoch</text>'


def _line(line: Line, across: Axis, up: Axis) -> str:
    path = " ".join("{:.1f},{:.1f}".format(*_place(point, across, up)) for point in line.points)
    return f'<polyline class="line {line.kind}" points="{path}"/>'


def _line_labels(lines: Sequence[Line], across: Axis, up: Axis) -> str:
    """Each line's name at its right end, pushed apart where two would overlap."""
    ends = sorted((_place(line.points[-1], across, up)[1], line) for line in lines)
    placed: list[str] = []
    lowest = -math.inf
    for end, line in ends:
        y = max(end, lowest + _LABEL_GAP)
        lowest = y
        placed.append(f'<text class="{line.kind}" x="{_RIGHT + 8}" y="{y + 4:.1f}">{escape(line.label)}</text>')
    return "".join(placed)
