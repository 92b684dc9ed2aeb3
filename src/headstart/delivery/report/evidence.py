"""What the report is drawn from: plain figures, words and ready-made HTML fragments, of any task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from headstart.core.judged import measured, say_compared
from headstart.core.results import Figure, Figures, FitResult, RungResult
from headstart.core.trade_offs import TradeOff


class Sample(NamedTuple):
    """One training example to look at: the name of its class or band, and its id."""

    label: str
    id: str


class Drawn(NamedTuple):
    """One judged example whose answer is a mask: its id, how wrong from 0 to 1, and a fragment that shows it."""

    id: str
    wrong: float
    html: str


class Boxed(NamedTuple):
    """One judged picture with boxes on it: its id, what they are in words, and a fragment that shows it.

    ``masked`` where these have masks; ``named`` where all say their class, of several.
    """

    id: str
    said: str
    html: str
    masked: bool = False
    named: bool = False


class Case(NamedTuple):
    """One judged example in the confusion matrix: places of its true and its predicted label, and itself."""

    truth: int
    said: int
    id: str
    probability: float | None = None


class Alternative(NamedTuple):
    """A way without the pretrained network: its name, what it is, what it reached, how much better the model is.

    ``of_few`` : of a head that stands in for the model, on few of the examples.
    """

    name: str
    words: str
    reached: Figure
    gain: Figure
    of_few: bool = False

    @property
    def tells(self) -> bool:
        """Whether it says something: few examples do where the gain is clear."""
        return not self.of_few or self.gain.low > 0 or self.gain.high < 0


class Bin(NamedTuple):
    """Predictions of similar confidence: their mean confidence, the share that was right, how many."""

    confidence: float
    accuracy: float
    examples: int


@dataclass(frozen=True)
class Mistake:
    """One wrong prediction; ``probability`` is None where the task has none."""

    id: str
    truth: str
    predicted: str
    probability: float | None = None


class Near(NamedTuple):
    """A training example near the explained one: its label, its id, and the cosine of their features."""

    label: str
    id: str
    similarity: float


@dataclass(frozen=True)
class Reason:
    """What one method says: a fragment that shows it, or training examples ``near``; ``doubted`` where its own
    check failed. ``checks`` are pairs of passed (None: not judged) and a sentence."""

    method: str
    html: str = ""
    near: Sequence[Near] = ()
    doubted: bool = False
    checks: Sequence[tuple[bool | None, str]] = ()


@dataclass(frozen=True)
class Explained:
    """One judged prediction and why it was made; ``right`` is None where it is neither right nor wrong as a whole."""

    id: str
    truth: str
    predicted: str
    right: bool | None
    reasons: Sequence[Reason]
    probability: float | None = None


@dataclass(frozen=True)
class ReportEvidence:
    """Everything on the page. ``shown`` and ``html`` are fragments, taken as they are; all else is escaped.

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
    per_label : rows of figures, the first key ``label``; a :class:`Figure` where the interval is known.
    unit, summed_up : what is judged one by one and counted by ``confusion``, and what ``data_summary`` counts: an
        example, an object, a pixel.
    trade_offs : precision against recall of each class.
    cases : judged examples to look at, cell by cell of the confusion matrix; where there are many, not all.
    mistakes : the most confident first.
    reliability : bins of rising confidence.
    data_summary : (class or band, number of training examples, or of what is marked in them).
    answered : (label, number of unlabelled inputs it was the answer to), where a model was made from names alone.
    samples : a few training examples per class or band.
    gains : what the model was compared with, by the watched figure.
    curve : (examples learnt from, watched figure) of refits on growing shares, several draws of each size.
    explained : a few judged predictions with their reasons, and ``unexplained``, a sentence on what is missing there.
    parts : of several tasks, each with its name: what confusion, classes and calibration are drawn from.
    shown : HTML fragments by example id, the most important first: the page has room for so many bytes of pictures.
    lines : of examples in ``shown`` whose targets have a place, SVG that shows it in coordinates from 0 to 1.
    truths : the target, as a person reads it, of the examples in ``shown``.
    drawn : answers that are masks, the worst first, and ``colours``, those of the classes in them.
    boxed : answers that are boxes, the worst first.
    extension : what adding classes gave and took: rows of (what, value, interval, on what), the first their names.
    settings : what was asked for, chosen values included.
    provenance : where data, backbone and software came from.
    repeat : the command that fits this model again.
    caution : a sentence that must stand at the top, about what the model is not for.
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
    unit: str = "example"
    summed_up: str = "example"
    trade_offs: Sequence[TradeOff] = ()
    cases: Sequence[Case] = ()
    mistakes: Sequence[Mistake] = ()
    reliability: Sequence[Bin] = ()
    data_summary: Sequence[tuple[str, int]] = ()
    answered: Sequence[tuple[str, int]] = ()
    samples: Sequence[Sample] = ()
    gains: Sequence[Alternative] = ()
    curve: Sequence[tuple[int, float]] = ()
    explained: Sequence[Explained] = ()
    unexplained: str = ""
    parts: Sequence[tuple[str, ReportEvidence]] = ()
    shown: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, str] = field(default_factory=dict)
    truths: Mapping[str, str] = field(default_factory=dict)
    drawn: Sequence[Drawn] = ()
    boxed: Sequence[Boxed] = ()
    colours: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    extension: Sequence[tuple[str, str, str, str]] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)
    repeat: str = ""
    caution: str = ""

    @property
    def kept(self) -> RungResult | None:
        """The rung that became the model, if any was kept."""
        return next((rung for rung in self.result.rungs if rung.kept), None)

    @property
    def compared_on(self) -> str:
        """The examples that rungs were compared on, as words that follow "on the"."""
        return say_compared(self.result.examples.validation)

    @property
    def judged_on(self) -> str:
        """The examples behind confusion, classes, calibration and mistakes, as words that follow "on the"."""
        return self.compared_on if self.measured_on == "validation" else f"{self.measured_on} examples"

    @property
    def measured(self) -> Figures:
        """The test figures; without a test split those of the kept rung."""
        return measured(self.result)

    def figures_named(self, name: str) -> list[Figure]:
        """The figure `name` of every rung and of the test, where there is one."""
        sources = [rung.validation for rung in self.result.rungs] + [self.result.test or {}]
        return [Figure(*figures[name]) for figures in sources if name in figures]
