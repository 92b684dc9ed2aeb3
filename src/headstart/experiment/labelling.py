"""Which of many unlabelled examples to label next: those a model is unsure of, and that differ from each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from headstart.backbones.base import Batch
from headstart.core.device import choose_device
from headstart.core.errors import InputError, Problem, UsageError
from headstart.core.labelling import copies_of, rank_to_label
from headstart.core.progress import Progress
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.data.read import read
from headstart.data.readers.base import Request
from headstart.delivery.artifact import Model, load
from headstart.delivery.guard import Guard, probabilities
from headstart.delivery.inference import Inference

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
    seen = _seen(model, guard, data, input)
    familiar = np.concatenate([guard.familiar[-1], guard.held_out])
    known = copies_of(familiar, seen.features)
    new = np.flatnonzero(~known)
    sure = _sureness(seen.probable, np.array(seen.said["probability"], float))
    order = new[rank_to_label(familiar, seen.features[new], sure[new], count)]
    candidates = [
        _candidate(seen, int(row), rank, model.labels, guard.threshold) for rank, row in enumerate(order, start=1)
    ]
    return ToLabel(candidates, [seen.examples.ids[int(row)] for row in np.flatnonzero(known)], seen.set_aside)


@dataclass(frozen=True)
class _Seen:
    """N inputs as the model sees them.

    ``features`` (N, D) at the last depth, ``strange`` (N,), ``probable`` (N, C), and ``said``, the columns of its
    predictions.
    """

    examples: Examples
    set_aside: list[Problem]
    features: np.ndarray
    strange: np.ndarray
    probable: np.ndarray
    said: Mapping[str, Sequence[Any]]


def _seen(model: Model, guard: Guard, data: Any, column: str | None) -> _Seen:
    modality, device = MODALITIES.load(model.modality)(), choose_device(model.device)
    progress = Progress(model.quiet)
    inference = Inference(model.network, modality, device, model.engine, progress, guard.depths)

    def look(features: Batch) -> tuple[np.ndarray, np.ndarray]:
        return features[guard.depths[-1]].float().numpy(), guard.look(features)[0]

    computed = inference.run(_read(model, data, column), look)
    if not computed.looked:
        raise InputError(f"{data} holds nothing to label.")
    features, strange = (np.concatenate(parts) for parts in zip(*computed.looked, strict=True))
    probable = model.task.probabilities(computed.outputs, model.calibration)
    said = model.task.decode(computed.outputs, model.calibration).columns
    return _Seen(computed.examples, computed.set_aside, features, strange, probable, said)


def _candidate(seen: _Seen, row: int, rank: int, labels: Sequence[Any], threshold: float) -> Candidate:
    other, chance = _runner_up(seen.probable[row], labels)
    reference = seen.examples.references[row]
    return Candidate(
        id=seen.examples.ids[row],
        rank=rank,
        label=seen.said["label"][row],
        probability=round(float(seen.said["probability"][row]), 6),
        runner_up=other,
        runner_up_probability=round(chance, 6),
        is_unfamiliar=bool(seen.strange[row] > threshold),
        text=reference if isinstance(reference, str) else None,
    )


def _guard_of(model: Model) -> Guard:
    """Raises ``UsageError`` where this model cannot say how sure it is, or what is like what it knows."""
    if model.guard is None:
        raise UsageError("This model folder holds no guard, by which inputs are compared; fit it anew to have one.")
    if probabilities(model.task, torch.zeros(1, model.task.outputs), model.calibration) is None:
        raise UsageError(
            f"A model for {model.task.name} predicts a {model.task.noun} without class probabilities, so it cannot "
            "say what it is unsure of. Label those that `headstart predict` finds most unfamiliar, or a random draw."
        )
    return model.guard


def _read(model: Model, data: Any, column: str | None) -> Examples:
    usual = {role: name for role, name in model.columns.items() if name}
    examples = read(Request(data, column, needs_targets=False, fits=False, usual=usual))
    if examples.modality != model.modality:
        given, wanted = (MODALITIES.load(name)().noun for name in (examples.modality, model.modality))
        raise InputError(f"This model takes {wanted}; {examples.source or 'the input'} holds {given}.")
    return examples


def _sureness(probable: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """(N, ≥ 2) probabilities that exclude each other; of sets of labels, those of the least sure decision."""
    exclusive = probable.shape[1] > 1 and bool(np.allclose(probable.sum(axis=1), 1, atol=1e-3))
    return probable if exclusive else np.stack([confidence, 1 - confidence], axis=1)


def _runner_up(row: np.ndarray, labels: Sequence[Any]) -> tuple[Any, float]:
    """The second label of a row that sums to 1; else the label whose probability lies nearest to one half."""
    exclusive = len(row) > 1 and abs(float(row.sum()) - 1) < 1e-3
    place = int(np.argsort(-row, kind="stable")[1] if exclusive else np.abs(row - 0.5).argmin())
    return labels[place], float(row[place])
