"""What a guard adds to predictions: sets of labels, how unfamiliar each input is, and no answer where it is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from headstart.core.errors import UsageError
from headstart.delivery.answers import no_guard
from headstart.delivery.guard import Guard
from headstart.model import conformal
from headstart.tasks.base import Predictions, Task, no_boxes

COVERAGE = 0.9
SHOWN = 5
"""Nearest training examples that are named."""


@dataclass(frozen=True)
class Care:
    """How careful a model is to be.

    Attributes
    ----------
    coverage : how often a set must hold the truth.
    abstain : give no answer where the input is unfamiliar, or where its set holds several labels or none; where
        several may be true together, where it holds labels beside those predicted.
    below : give no answer where the probability is less.
    least : the score from which on a box is told; None for the one at which F1 was best on held-out examples.

    Raises
    ------
    UsageError : a share is not between 0 and 1.
    """

    coverage: float = COVERAGE
    abstain: bool = False
    below: float | None = None
    least: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.coverage < 1:
            raise UsageError(
                f"The coverage {self.coverage:g} is not between 0 and 1; 0.9 asks for sets that hold the truth 9 "
                "times in 10."
            )
        if self.below is not None and not 0 <= self.below <= 1:
            raise UsageError(f"The probability {self.below:g} to abstain below is not between 0 and 1.")
        if self.least is not None and not 0 <= self.least <= 1:
            raise UsageError(f"The least score {self.least:g} is not between 0 and 1; with 0 all boxes are told.")

    def check(self, task: Task) -> None:
        """Raises ``UsageError`` where a least score is asked for and the `task` finds no boxes."""
        if self.least is not None and not task.finds_boxes:
            raise no_boxes(task)

    def answers(self, task: Task, outputs: Tensor, calibration: Mapping[str, float]) -> Predictions:
        """What a `task` says of N kept `outputs`, nothing where its probability is too low.

        Raises
        ------
        UsageError : the predictions have no probabilities, and a bar was set for them.
        """
        if self.least is None:
            said = task.decode(outputs, calibration)
        else:
            said = task.decode_from(self.least, outputs, calibration)
        return said if self.below is None else without(said, unsure(said, self.below))


@dataclass(frozen=True)
class Looked:
    """What the guard saw of N inputs: strangeness (N,), and places of the nearest training examples (N, ≤ 10)."""

    strange: np.ndarray
    nearest: np.ndarray


def with_scores(guard: Guard | None, task: Task, adapted: bool) -> Guard:
    """The guard, if it has the scores by which sets of labels are made; `adapted` ones have none.

    Raises
    ------
    UsageError : it has not, or there is no guard.
    """
    if guard is None:
        raise no_guard(task, "This model folder holds no guard; fit it anew to have one.")
    if len(guard.scores):
        return guard
    if adapted:
        raise UsageError(
            "This model was adapted to inputs without labels, and only labels say how often sets would hold the "
            "truth; fit on labelled examples of these inputs to have sets."
        )
    raise UsageError(f"A model for {task.name} predicts {task.predicted()}; it has no sets of labels.")


def label_sets(guard: Guard, probable: np.ndarray, coverage: float) -> np.ndarray:
    """(N, C) which labels the set of each input holds."""
    return conformal.sets(probable, conformal.bar(guard.scores, coverage))


def guarded(
    predictions: Predictions,
    probable: np.ndarray | None,
    labels: Sequence[Any],
    guard: Guard,
    looked: Looked,
    care: Care,
) -> Predictions:
    """`predictions` with columns ``set`` (where there are labels), ``unfamiliar``, ``is_unfamiliar``, ``nearest``.

    Parameters
    ----------
    probable : (N, C) calibrated probabilities of the `labels`, or None for a task without.
    """
    strange = looked.strange > guard.threshold
    columns: dict[str, Any] = {}
    withheld = strange.copy()
    if probable is not None and len(guard.scores):
        held = label_sets(guard, probable, care.coverage)
        columns["set"] = [
            "|".join(str(label) for label, inside in zip(labels, row, strict=True) if inside) for row in held
        ]
        withheld |= _undecided(held, probable, exclusive=len(guard.classes) > 0)
    columns["unfamiliar"] = looked.strange.round(4).tolist()
    columns["is_unfamiliar"] = strange.tolist()
    columns["nearest"] = [[guard.ids[place] for place in row[:SHOWN]] for row in looked.nearest]
    answers = without(predictions, withheld) if care.abstain else predictions
    return Predictions({**answers.columns, **columns})


def _undecided(held: np.ndarray, probable: np.ndarray, exclusive: bool) -> np.ndarray:
    """(N,) whose set, a row of `held` (N, C), does not settle the answer.

    Of `exclusive` labels a set must hold one: an empty set is less sure than any other. Where several labels may be
    true together those above one half are predicted, of which there may be none, so a set may hold as many and one.
    """
    inside = held.sum(axis=1)
    if exclusive:
        return inside != 1
    return inside > np.maximum((probable > 0.5).sum(axis=1), 1)


def _lacking(predictions: Predictions) -> str:
    """What rows without one probability lack; of several targets some may have their own."""
    own = [name for name in predictions.columns if name.endswith("_probability")]
    return f"probability of the whole answer (there is {', '.join(own)})" if own else "probabilities"


def without(predictions: Predictions, withheld: np.ndarray) -> Predictions:
    """`predictions` with nothing in the rows that are `withheld` (N,)."""
    return Predictions(
        {
            name: [None if gone else value for value, gone in zip(values, withheld, strict=True)]
            for name, values in predictions.columns.items()
        }
    )


def unsure(predictions: Predictions, below: float) -> np.ndarray:
    """(N,) whose probability is less than `below`.

    Raises
    ------
    UsageError : the predictions have no probabilities.
    """
    given = predictions.probability
    if not all(isinstance(value, float) for value in given):
        raise UsageError(f"These predictions have no {_lacking(predictions)}, so none can be below a bar.")
    return np.array(given) < below
