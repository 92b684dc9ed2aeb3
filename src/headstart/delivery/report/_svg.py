"""Axes with round ticks, and where a value lies on them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from headstart.core.written_figures import PERCENT


@dataclass(frozen=True)
class Axis:
    """A linear scale from `low` to `high`, with the values that carry a label."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def share(self, value: float) -> float:
        """Where `value` lies, 0 at `low` and 1 at `high`; values outside are put at the end."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))

    def percent(self, value: float) -> str:
        """:meth:`share` as an SVG length relative to the drawing's width: ``37.5%``."""
        return f"{100 * self.share(value):.2f}%"

    def labels(self, proportion: bool) -> list[str]:
        """What stands at each tick, with just the decimals that tell neighbours apart."""
        scale, unit = (100, PERCENT) if proportion else (1, "")
        step = scale * (self.ticks[1] - self.ticks[0]) if len(self.ticks) > 1 else 1.0
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        return [f"{scale * tick:,.{decimals}f}{unit}".replace("-", "−") for tick in self.ticks]


def round_axis(values: Sequence[float], low: float = -math.inf, high: float = math.inf, intervals: int = 4) -> Axis:
    """The axis that covers `values` and ends at round ticks, within `low` and `high`.

    Steps are 1, 2 or 5 times a power of ten (Heckbert, "Nice numbers for graph labels", 1990).
    """
    finite = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    smallest, largest = min(finite), max(finite)
    if largest - smallest < 1e-9 * max(1.0, abs(largest)):
        pad = max(abs(largest) * 0.05, 0.01)
        smallest, largest = smallest - pad, largest + pad
    smallest, largest = max(smallest, low), min(largest, high)
    if largest <= smallest:  # every value lies outside the limits
        smallest, largest = smallest - 0.5, smallest + 0.5
    step = _round_step((largest - smallest) / intervals)
    first, last = math.floor(smallest / step + 1e-9), math.ceil(largest / step - 1e-9)
    ticks = tuple(tick for tick in (round(i * step, 12) for i in range(first, last + 1)) if low <= tick <= high)
    return Axis(max(low, round(first * step, 12)), min(high, round(last * step, 12)), ticks)


def _round_step(rough: float) -> float:
    power = 10 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if rough <= factor * power * (1 + 1e-9))


def drawing(label: str, attributes: str, content: str) -> str:
    """An ``<svg>`` that a screen reader announces as one picture called `label`."""
    return f'<svg role="img" aria-label="{escape(label)}" {attributes}>{content}</svg>'
