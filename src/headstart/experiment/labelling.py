"""Which of many unlabelled examples to label next: those a model is unsure of, and that differ from each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from headstart.core.errors import Problem, UsageError
from headstart.core.labelling import PREDICTED, copies_of, rank_to_label
from headstart.delivery.artifact import Model, load
from headstart.delivery.guard import Guard, Observed, probabilities
from headstart.delivery.provenance import ADAPTED_BY

COUNT = 50
"""How many are named unless another number is asked for."""


@dataclass(frozen=True)
class Candidate:
    """An example worth a label, and what the model says of it now.

    Attributes
    ----------
    id : its name: a path, or a row of a table. text : the input itself where it is one.
    rank : 1 for the most useful.
    label, probability : the prediction. runner_up : the label that it might be instead, with its own probability; of
        a set of labels, the one that the model is least sure of.
    is_unfamiliar : unlike all that the model has learnt from: worth a look before it is labelled.
    """

    id: str
    rank: int
    label: Any
    probability: float
    runner_up: Any
    runner_up_probability: float
    is_unfamiliar: bool
    text: str | None = None


@dataclass(frozen=True)
class ToLabel:
    """What to label, the most useful first; ``known`` names what the model has an equal of already."""

    candidates: list[Candidate]
    known: list[str]
    set_aside: list[Problem]

    def to_json(self) -> dict[str, Any]:
        """The published object of ``label --json``."""
        return {
            "to_label": [
                {name: value for name, value in vars(each).items() if value is not None} for each in self.candidates
            ],
            "known": self.known,
            "set_aside": [str(problem) for problem in self.set_aside],
        }


def label(model: Model | str | Path, data: Any, count: int = COUNT, *, input: str | None = None) -> ToLabel:
    """A ranked list of what to label next for `model`, a model or its folder.

    Parameters
    ----------
    data : a folder, a table, or a list of inputs; labels in it are not read.
    count : how many to name; all of them where there are fewer.
    input : the column of a table; without it the one of training, or one that is found.

    Raises
    ------
    UsageError : a count below 1, a task without probabilities, or a model folder without a guard.
    InputError : the data cannot be read, or more than a tenth of them.
    """
    if count < 1:
        raise UsageError(f"{count} examples to label were asked for; ask for 1 or more.")
    model = model if isinstance(model, Model) else load(model)
    guard = _guard_of(model)
    told = _told(model, model.observe(data, input))
    new = told.observed.new
    familiar = _labelled(model, guard)
    known = copies_of(familiar, new.features)
    unknown = np.flatnonzero(~known)
    sure = _sureness(told.probable, np.array(told.said["probability"], float))
    order = unknown[rank_to_label(familiar, new.features[unknown], sure[unknown], count)]
    candidates = [
        _candidate(told, int(row), rank, model.labels, guard.threshold) for rank, row in enumerate(order, start=1)
    ]
    return ToLabel(candidates, [new.ids[int(row)] for row in np.flatnonzero(known)], told.observed.set_aside)


def _labelled(model: Model, guard: Guard) -> np.ndarray:
    """(n, D) features of what the guard keeps, without what has no label: all that is familiar to a model made from
    names, and the new inputs that one was adapted to."""
    if model.result.from_names:
        return guard.familiar[-1][:0]
    if ADAPTED_BY in model.provenance:
        given = [not target.endswith(PREDICTED) for target in guard.targets]
        return guard.familiar[-1][np.array(given, dtype=bool)]
    return np.concatenate([guard.familiar[-1], guard.held_out])


@dataclass(frozen=True)
class _Told:
    """N inputs, what the model gives each, ``probable`` (N, C), and the columns of its predictions, ``said``."""

    observed: Observed
    probable: np.ndarray
    said: Mapping[str, Sequence[Any]]


def _told(model: Model, observed: Observed) -> _Told:
    outputs = observed.new.outputs
    probable = model.task.probabilities(outputs, model.calibration)
    return _Told(observed, probable, model.task.decode(outputs, model.calibration).columns)


def _candidate(told: _Told, row: int, rank: int, labels: Sequence[Any], threshold: float) -> Candidate:
    other, chance = _runner_up(told.probable[row], labels)
    reference, new = told.observed.examples.references[row], told.observed.new
    return Candidate(
        id=new.ids[row],
        rank=rank,
        label=told.said["label"][row],
        probability=round(float(told.said["probability"][row]), 6),
        runner_up=other,
        runner_up_probability=round(chance, 6),
        is_unfamiliar=bool(new.strange[row] > threshold),
        text=reference if isinstance(reference, str) else None,
    )


def _guard_of(model: Model) -> Guard:
    """Raises ``UsageError`` where this model cannot say how sure it is, or what is like what it knows."""
    guard = model.needed_guard
    if probabilities(model.task, torch.zeros(1, model.task.outputs), model.calibration) is None:
        raise UsageError(
            f"A model for {model.task.name} predicts {model.task.predicted()} without class probabilities, so it "
            "cannot say what it is unsure of. Label those that `headstart predict` finds most unfamiliar, or a "
            "random draw."
        )
    return guard


def _sureness(probable: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """(N, ≥ 2) probabilities that exclude each other; of sets of labels, those of the least sure decision."""
    exclusive = probable.shape[1] > 1 and bool(np.allclose(probable.sum(axis=1), 1, atol=1e-3))
    return probable if exclusive else np.stack([confidence, 1 - confidence], axis=1)


def _runner_up(row: np.ndarray, labels: Sequence[Any]) -> tuple[Any, float]:
    """The second label of a row that sums to 1; else the label whose probability lies nearest to one half."""
    exclusive = len(row) > 1 and abs(float(row.sum()) - 1) < 1e-3
    place = int(np.argsort(-row, kind="stable")[1] if exclusive else np.abs(row - 0.5).argmin())
    return labels[place], float(row[place])
