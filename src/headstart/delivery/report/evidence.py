"""What the report is drawn from: plain figures, words and ready-made HTML fragments, of any task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from headstart.core.results import Figure, FitResult, RungResult


class Sample(NamedTuple):
    """One example to look at: the name of its class or band, and itself as an HTML fragment."""

    label: str
    html: str


class Bin(NamedTuple):
    """Predictions of similar confidence: their mean confidence, the share that was right, how many."""

    confidence: float
    accuracy: float
    examples: int


@dataclass(frozen=True)
class Mistake:
    """One wrong prediction. ``html`` shows the input; ``probability`` is None where the task has none."""

    html: str
    id: str
    truth: str
    predicted: str
    probability: float | None = None


@dataclass(frozen=True)
class ReportEvidence:
    """Everything on the page. Only ``html`` fields are fragments, taken as they are; all else is escaped.

    Attributes
    ----------
    result : rungs, figures, times, counts and findings, as in ``result.json``.
    watched : the figure that decided between rungs, a key of the rungs' ``validation``.
    higher_is_better : the direction of each figure.
    headline : one sentence: how good the model is.
    title : what was fitted, e.g. the name of the folder or table.
    measured_on : the split behind confusion, classes, calibration and mistakes.
    baseline : sentences that put the headline in proportion ("Always saying 'bus' would be right 27 %").
    next_step : the next thing worth trying, a sentence.
    confusion : labels and a (C, C) count matrix, rows are the truth.
    per_label : rows of figures, the first key ``label``.
    mistakes : the most confident first.
    reliability : bins of rising confidence.
    data_summary : (class or band, number of training examples).
    samples : a few training examples per class or band.
    shown : HTML fragments by example id, for the examples that findings name.
    settings : what was asked for, chosen values included.
    provenance : where data, backbone and software came from.
    """

    result: FitResult
    watched: str
    higher_is_better: Mapping[str, bool]
    headline: str
    title: str = ""
    measured_on: str = "test"
    baseline: Sequence[str] = ()
    next_step: str = ""
    confusion: tuple[list[str], np.ndarray] | None = None
    per_label: Sequence[Mapping[str, Any]] = ()
    mistakes: Sequence[Mistake] = ()
    reliability: Sequence[Bin] = ()
    data_summary: Sequence[tuple[str, int]] = ()
    samples: Sequence[Sample] = ()
    shown: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)

    @property
    def kept(self) -> RungResult | None:
        """The rung that became the model, if any was kept."""
        return next((rung for rung in self.result.rungs if rung.kept), None)

    def figures_named(self, name: str) -> list[Figure]:
        """The figure `name` of every rung and of the test, where there is one."""
        sources = [rung.validation for rung in self.result.rungs] + [self.result.test or {}]
        return [Figure(*figures[name]) for figures in sources if name in figures]
