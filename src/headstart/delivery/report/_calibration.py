"""The reliability diagram: how often predictions are right, by how sure the model says it is."""

from __future__ import annotations

from html import escape

from headstart.core.written_figures import PERCENT, percent
from headstart.delivery.report._numbers import count
from headstart.delivery.report._svg import drawing
from headstart.delivery.report.evidence import Bin, ReportEvidence

_LEFT, _TOP, _SIZE = 46, 10, 220
_LARGEST_DOT = 8.0


def calibration(evidence: ReportEvidence) -> str:
    """The diagram beside a sentence and a table of its bins, or nothing without bins."""
    bins = [Bin(*bin_) for bin_ in evidence.reliability if bin_[2]]
    if not bins:
        return ""
    error = calibration_error(bins)
    last = bins[-1]
    return (
        f'<p class="lead">On the {escape(evidence.judged_on)}. Where the model says about '
        f"{percent(last.confidence)}, it is right {percent(last.accuracy)} of the time. Over all these points, what "
        f"it says and what happens differ by <strong>{percent(error)}</strong> on average.</p>"
        f'<div class="beside"><figure class="chart square"><figcaption>Share right, by confidence</figcaption>'
        f"{_diagram(bins)}</figure>{_table(bins)}</div>"
    )


def calibration_error(bins: list[Bin]) -> float:
    """Expected calibration error, Σ n_b/N · |accuracy_b - confidence_b| (Naeini et al. 2015)."""
    total = sum(bin_.examples for bin_ in bins)
    return sum(bin_.examples / total * abs(bin_.accuracy - bin_.confidence) for bin_ in bins)


def _place(confidence: float, accuracy: float) -> tuple[float, float]:
    return _LEFT + confidence * _SIZE, _TOP + (1 - accuracy) * _SIZE


def _diagram(bins: list[Bin]) -> str:
    largest = max(bin_.examples for bin_ in bins)
    marks = []
    for bin_ in bins:
        x, y = _place(bin_.confidence, bin_.accuracy)
        radius = max(3.0, _LARGEST_DOT * (bin_.examples / largest) ** 0.5)
        title = f"said {percent(bin_.confidence)}, right {percent(bin_.accuracy)}, {count(bin_.examples)} examples"
        marks.append(
            f'<circle class="bubble" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"><title>{title}</title></circle>'
        )
    (x1, y1), (x2, y2) = _place(0, 0), _place(1, 1)
    diagonal = f'<line class="ideal" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'
    label = "Reliability diagram: share right against confidence; points on the diagonal are well calibrated"
    size = f'viewBox="0 0 {_LEFT + _SIZE + 16} {_TOP + _SIZE + 46}"'
    return drawing(label, size, _frame() + diagonal + "".join(marks))


def _frame() -> str:
    parts = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = _place(share, share)
        right, bottom = _LEFT + _SIZE, _TOP + _SIZE
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y:g}" y2="{y:g}"/>')
        parts.append(f'<line class="grid" x1="{x:g}" x2="{x:g}" y1="{_TOP}" y2="{bottom}"/>')
        label = f"{100 * share:.0f}{PERCENT}"
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:g}" text-anchor="end">{label}</text>')
        parts.append(f'<text x="{x:g}" y="{bottom + 18}" text-anchor="middle">{label}</text>')
    middle = _LEFT + _SIZE / 2
    parts.append(f'<text x="{middle:g}" y="{_TOP + _SIZE + 38}" text-anchor="middle">confidence</text>')
    return "".join(parts)


def _table(bins: list[Bin]) -> str:
    rows = "".join(
        f'<tr><td class="number">{percent(bin_.confidence)}</td><td class="number">{percent(bin_.accuracy)}</td>'
        f'<td class="number">{count(bin_.examples)}</td></tr>'
        for bin_ in bins
    )
    return (
        '<table class="compact"><thead><tr><th scope="col" class="number">Said</th><th scope="col" class="number">'
        f'Was right</th><th scope="col" class="number">Examples</th></tr></thead><tbody>{rows}</tbody></table>'
    )
