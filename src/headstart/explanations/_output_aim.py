"""Aims at one output for the whole input: a label's probability, or a number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from headstart.core.errors import UsageError, nearest
from headstart.explanations._aim import Aim
from headstart.tasks.base import Task

_PROBE = 10.0


class OutputAim(Aim):
    """One output of a network.

    Parameters
    ----------
    target : place of the output among the C.
    name : the label, or what the number is called.
    columns : of a network with outputs for several targets, those of the one that is explained; C are then these.
    """

    kind = "one answer for the whole input"
    reading = "the lighter the colour, the more a place speaks for the label"

    def __init__(
        self, task: Task, calibration: Mapping[str, float], target: int, name: str, columns: slice = slice(None)
    ) -> None:
        self.columns = columns
        self.task, self.calibration, self.target, self.name = task, calibration, target, name
        self.is_probability = _has_probabilities(task)
        # Where all outputs are large, those that compete share one certainty and the others are each certain.
        probe = torch.full((1, task.outputs), _PROBE)
        self._compete = self.is_probability and abs(float(task.probabilities(probe, {}).sum()) - 1) < 0.01

    def evidence(self, outputs: Tensor) -> Tensor:
        """Outputs (N, C) → (N,), differentiable: z_t - log Σ_{j≠t} exp z_j where outputs compete, else z_t.

        The first is the log-odds of the label. Unlike its probability it does not flatten where the network is sure,
        and unlike z_t alone it does not depend on a number added to all outputs, which changes no prediction.
        """
        outputs = outputs[:, self.columns]
        mine = outputs[:, self.target]
        if not self._compete or outputs.shape[1] < 2:
            return mine
        others = [place for place in range(outputs.shape[1]) if place != self.target]
        return mine - outputs[:, others].logsumexp(dim=1)

    def confidence(self, outputs: Tensor) -> Tensor:
        """Outputs (N, C) → (N,) float64 on the CPU: the calibrated probability of the label, or the number as it is
        predicted, in the person's units."""
        outputs = outputs.detach().cpu().double()[:, self.columns]
        if not self.is_probability:
            return torch.tensor(self.task.decode(outputs, self.calibration).columns["label"], dtype=torch.float64)
        return torch.from_numpy(self.task.probabilities(outputs, self.calibration)[:, self.target])

    def say(self, value: float) -> str:
        return super().say(value) if self.is_probability else self.task.say(value)

    @property
    def figure(self) -> str:
        return "probability" if self.is_probability else "output"

    def fall(self, before: Tensor, after: Tensor) -> Tensor:
        """How far the prediction fell; a number has no better direction, so any change of it counts."""
        return before - after if self.is_probability else (before - after).abs()

    @property
    def noun(self) -> str:
        """What falls, as words: ``the probability of 'rose'``."""
        return f"the probability of {self.name!r}" if self.is_probability else f"the {self.name}"


def aim_at(
    task: Task, calibration: Mapping[str, float], outputs: Tensor, label: str | None = None, target: str | None = None
) -> OutputAim:
    """The aim at `label`, or at what `outputs` (1, C) predict; of several targets at the one named, or the first.

    Raises
    ------
    UsageError : no such label or target; the message offers the nearest.
    """
    parts = {part.name: part for part in task.parts(task.encode([]))}
    if target is not None and target not in parts:
        known = [name for name in parts if name]
        which = f"It predicts {', '.join(known)}." if known else "It predicts one target; leave out --target."
        raise UsageError(f"The model has no target {target!r}.{nearest(target, known)} {which}")
    part = parts[target] if target is not None else next(iter(parts.values()))
    place, name = find_target(part.task, outputs[:, part.columns], label)
    if part.name:  # a number is called what its column is
        name = f"{part.name}: {name}" if _has_probabilities(part.task) else part.name
    return OutputAim(part.task, part.own(calibration), place, name, part.columns)


def _has_probabilities(task: Task) -> bool:
    try:
        task.probabilities(torch.zeros(1, task.outputs), {})
    except UsageError:  # the contract's way to say that there are none
        return False
    return True


def find_target(task: Task, outputs: Tensor, label: str | None) -> tuple[int, str]:
    """Place and name of the output to explain: the one of `label`, else the largest of `outputs` (1, C).

    Raises
    ------
    UsageError : no such label; the message offers the nearest.
    """
    labels: list[Any] = list(task.describe().get("labels", []))
    names = [str(each) for each in labels]
    if label is None:
        place = int(outputs[0].argmax())
        return place, names[place] if names else task.noun
    if label in names:
        return names.index(label), label
    known = f"Its labels: {', '.join(names[:40])}." if names else f"It predicts {task.predicted()} and has no labels."
    raise UsageError(f"The model has no label {label!r}.{nearest(label, names)} {known}")
