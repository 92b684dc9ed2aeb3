"""Learning curve: what more examples of the same kind would give."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from headstart.core.learning_curves import extrapolate
from headstart.core.results import Figure, Finding
from headstart.core.written_figures import plain, words
from headstart.diagnosis._watched import writing_of
from headstart.diagnosis.base import Diagnosis, Evidence

WORTH_LABELLING = 0.01
"""A gain by twice the examples, in points of a figure whose best value is 1, or as a share of an error."""


class LearningCurve(Diagnosis):
    """Extends the curve of a linear head on the frozen features, refitted on growing shares, by a power law.

    It speaks from three sizes and two draws on. A figure whose best value is 1 is extended as its distance from 1.
    """

    def examine(self, evidence: Evidence) -> list[Finding]:
        now = sum(len(evidence.targets.get(split, ())) for split in ("train", "validation"))
        sizes, drawn = _by_size(evidence)
        if len(sizes) < 3 or len(drawn) < 2 or now < sizes[-1]:
            return []
        higher = evidence.higher_is_better[evidence.watched]
        errors = 1 - drawn if higher else drawn
        here, twice = extrapolate(sizes, errors, (now, 2 * now))
        means = drawn.mean(axis=0)
        writing = writing_of(evidence, means.tolist())
        near, far = (_turned(error, higher) for error in (here, twice))
        summary = plain(
            f"With twice the examples ({2 * now:,}) the {words(evidence.watched)} of a linear head on the frozen "
            f"last features would be about {writing.value(far.value)} (90 % interval {writing.interval(far)}); "
            f"with the {now:,} there are it is about {writing.value(near.value)}, and with {sizes[0]:,} it was "
            f"{writing.value(float(means[0]))}."
        )
        gain = here.value - twice.value if higher else 1 - twice.value / max(here.value, 1e-12)
        return [Finding("learning_curve", "info", summary, next_step=_next_step(gain))]


def _by_size(evidence: Evidence) -> tuple[list[int], np.ndarray]:
    """The sizes (K,), rising, and the figures of each draw at each, (J, K); of incomplete draws nothing."""
    figures: dict[int, list[float]] = defaultdict(list)
    for size, figure in evidence.curve:
        figures[size].append(figure)
    draws = Counter(len(column) for column in figures.values()).most_common(1)
    whole = sorted(size for size, column in figures.items() if len(column) == draws[0][0])
    return whole, np.array([figures[size] for size in whole]).T


def _turned(error: Figure, higher: bool) -> Figure:
    """The figure that the error is the distance from 1 of, where higher is better."""
    return Figure(1 - error.value, 1 - error.high, 1 - error.low) if higher else error


def _next_step(gain: float) -> str:
    if gain >= WORTH_LABELLING:
        return "Label more examples, first those that the model is least sure of: they pay here."
    return (
        "Do not label more of the same for this figure: another backbone, or training more of it (--strategy "
        "fine_tuning), promises more."
    )
