"""Several targets at once: a task for each, over one trunk."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from headstart.core.errors import InputError, UsageError, nearest
from headstart.core.results import Figures, target_of, within
from headstart.tasks._choose import choose_task, task_from_description
from headstart.tasks._label_sets import is_absent
from headstart.tasks._resampling import bootstrapped, mean_known
from headstart.tasks._several_targets import each, given, names, on_known, width
from headstart.tasks.base import Part, Predictions, Task

MEAN_SCORE = "mean_score"
FEWEST_TOGETHER = 5
"""A combination of targets is a stratum of its own with at least so many examples."""

_MISSING = "–"
_TAKEN = frozenset({"input", "label", "probability", "set", "unfamiliar", "is_unfamiliar", "nearest", "masks"})
"""Columns of predictions that a target may not be called after."""


class MultiTask(Task):
    """Several targets per example, any of which may be missing. A raw target is a mapping: name → raw value or None.

    The heads lie side by side as one linear layer, which is as many separate heads on shared features. Outputs are
    those of the tasks, one after the other; encoded targets too, (N, K + P), the last P columns 1 where a target is
    known and 0 where it is missing.

    Parameters
    ----------
    tasks : the P tasks by the name of their target, in the order of the outputs.
    """

    name = "multi_task"
    noun = "set of targets"

    def __init__(self, tasks: Mapping[str, Task]) -> None:
        self.tasks = dict(tasks)
        self._higher = {MEAN_SCORE: True} | {
            within(name, figure): higher
            for name, task in self.tasks.items()
            for figure, higher in task.higher_is_better.items()
        }
        # What no targets encode to says how many columns an encoded target takes, and of which type.
        self._like = {name: task.encode([]) for name, task in self.tasks.items()}

    @classmethod
    def suits(cls, targets: Sequence[Any]) -> tuple[float, str]:
        if not targets or not all(isinstance(target, Mapping) for target in targets):
            return 0.0, "the targets are single values"
        said = []
        for name in names(targets):
            try:
                _, why = choose_task(given(targets, name))
            except InputError as error:
                return 1.0, f"{name}: {error}"
            said.append(f"{name} ({why})")
        return 1.0, ", ".join(said)

    @classmethod
    def from_targets(cls, targets: Sequence[Any]) -> MultiTask:
        if not targets or not all(isinstance(target, Mapping) for target in targets):
            raise InputError("Several tasks at once need several targets, e.g. --target team,urgent.")
        return cls(each(names(targets), lambda name: choose_task(given(targets, name))[0]))

    def anew(self, targets: Sequence[Any]) -> MultiTask:
        """The same tasks; none becomes one of another kind because of what happens to be among `targets`."""
        return MultiTask(each(self.tasks, lambda name: self.tasks[name].anew(given(targets, name))))

    def describe(self) -> dict[str, Any]:
        return {"name": self.name, "tasks": {name: task.describe() for name, task in self.tasks.items()}}

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> MultiTask:
        return cls({name: task_from_description(each) for name, each in description["tasks"].items()})

    # -- learning -----------------------------------------------------------------------------------

    @property
    def outputs(self) -> int:
        return sum(task.outputs for task in self.tasks.values())

    def problem(self, target: Any) -> str | None:
        if not isinstance(target, Mapping):
            return "the targets are missing" if target is None else f"{target!r:.60} is not a target for each task"
        there = {name: target.get(name) for name in self.tasks if not is_absent(target.get(name))}
        if not there:
            return f"every target is missing ({', '.join(self.tasks)})"
        wrong = [f"{name}: {what}" for name, value in there.items() if (what := self.tasks[name].problem(value))]
        return "; ".join(wrong) or None

    def encode(self, targets: Sequence[Any]) -> Tensor:
        """(N, K + P) float32. Raises ``InputError`` when a target is unknown."""
        if problems := [found for found in map(self.problem, targets) if found]:
            raise InputError(f"{len(problems)} of {len(targets)} targets cannot be used: {problems[0]}")
        columns, known = [], torch.zeros(len(targets), len(self.tasks))
        for place, (name, task) in enumerate(self.tasks.items()):
            rows = [row for row, target in enumerate(targets) if not is_absent(target.get(name))]
            known[rows, place] = 1.0
            part = torch.zeros(len(targets), width(self._like[name]))
            if rows:
                part[rows] = task.encode([targets[row][name] for row in rows]).reshape(len(rows), -1).float()
            columns.append(part)
        return torch.cat([*columns, known], dim=1)

    def parts(self, encoded: Tensor) -> list[Part]:
        found, output, column = [], 0, 0
        known = encoded[:, encoded.shape[1] - len(self.tasks) :] > 0
        for place, (name, task) in enumerate(self.tasks.items()):
            like, wide = self._like[name], width(self._like[name])
            own = encoded[:, column : column + wide].reshape(len(encoded), *like.shape[1:]).to(like.dtype)
            found.append(Part(name, task, slice(output, output + task.outputs), own, known[:, place]))
            output, column = output + task.outputs, column + wide
        return found

    def losses(
        self, outputs: Tensor, encoded: Tensor, weights: Tensor | None = None, smoothing: float = 0.0
    ) -> Tensor:
        """(P,): each task's Σ w l / N over the examples whose target is known. `weights` is (N,) or (N, P)."""
        found = []
        for place, part in enumerate(self.parts(encoded)):
            own = torch.ones(len(encoded)).to(outputs.device) if weights is None else weights
            own = (own[:, place] if own.dim() == 2 else own) * part.known
            found.append(part.task.loss(outputs[:, part.columns], part.encoded, own, smoothing))
        return torch.stack(found)

    def loss(self, outputs: Tensor, encoded: Tensor, weights: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
        """The mean of the tasks' losses."""
        return self.losses(outputs, encoded, weights, smoothing).mean()

    def balance(self, encoded: Tensor) -> Tensor:
        """(N, P), each column of mean 1: a task with few targets counts as much as one with many."""
        weights = torch.zeros(len(encoded), len(self.tasks))
        for place, part in enumerate(self.parts(encoded)):
            if len(rows := part.rows):
                own = part.task.balance(part.encoded[rows]).float()
                weights[rows, place] = own * (len(encoded) / len(rows))
        return weights

    def strata(self, targets: Sequence[Any]) -> list[str]:
        """The combination of the targets' strata; of rare combinations the rarest stratum in it."""
        by_name = {name: self._strata_of(name, targets) for name in self.tasks}
        counts = {name: Counter(strata) for name, strata in by_name.items()}
        rows = [dict(zip(by_name, row, strict=True)) for row in zip(*by_name.values(), strict=True)]
        together = [", ".join(f"{name} {stratum}" for name, stratum in row.items()) for row in rows]
        often = Counter(together)
        return [
            whole if often[whole] >= FEWEST_TOGETHER else self._rarest(row, counts)
            for whole, row in zip(together, rows, strict=True)
        ]

    def _strata_of(self, name: str, targets: Sequence[Any]) -> list[str]:
        there = {row: target[name] for row, target in enumerate(targets) if not is_absent(target.get(name))}
        strata = dict(zip(there, self.tasks[name].strata(list(there.values())), strict=True))
        return [strata.get(row, _MISSING) for row in range(len(targets))]

    def _rarest(self, row: Mapping[str, str], counts: Mapping[str, Counter[str]]) -> str:
        known = {name: stratum for name, stratum in row.items() if stratum != _MISSING} or row
        name = min(known, key=lambda name: (counts[name][row[name]], name))
        return f"{name} {row[name]}"

    # -- judging ------------------------------------------------------------------------------------

    @property
    def higher_is_better(self) -> Mapping[str, bool]:
        return self._higher

    @property
    def watched(self) -> str:
        """The mean over the tasks of a score between 0 and 1: for most the figure that each would watch alone."""
        return MEAN_SCORE

    @property
    def guarded(self) -> tuple[str, ...]:
        """What each task guards: no task may pay for another."""
        return (MEAN_SCORE, *(within(name, own) for name, task in self.tasks.items() for own in task.guarded))

    def metrics(self, outputs: Tensor, encoded: Tensor) -> Figures:
        """The mean score, and each task's figures on the examples whose target is known; none of a task without."""
        figures = {MEAN_SCORE: bootstrapped(lambda draws: self._mean_score(outputs, encoded, draws), len(encoded))}
        for part in self.parts(encoded):
            if len(rows := part.rows):
                own = part.task.metrics(outputs[rows][:, part.columns], part.encoded[rows])
                figures |= {within(part.name, name): figure for name, figure in own.items()}
        return figures

    def measure(self, name: str, outputs: Tensor, encoded: Tensor, draws: np.ndarray) -> np.ndarray:
        """On resamples; a task's figure is taken from those of the drawn examples whose target is known."""
        if name == MEAN_SCORE:
            return self._mean_score(outputs, encoded, draws)
        target = target_of(name)
        if name not in self.higher_is_better:
            known = list(self.higher_is_better)
            raise UsageError(f"{self.name} has no figure {name!r}.{nearest(name, known)} It has {known}.")
        part = next(part for part in self.parts(encoded) if part.name == target)
        own, rows = name[len(within(target, "")) :], part.rows
        said, truth = outputs[rows][:, part.columns], part.encoded[rows]
        return on_known(part.known.numpy(), draws, lambda drawn: part.task.measure(own, said, truth, drawn))

    def _mean_score(self, outputs: Tensor, encoded: Tensor, draws: np.ndarray) -> np.ndarray:
        scores = []
        for part in self.parts(encoded):
            if len(rows := part.rows):
                said, truth = outputs[rows][:, part.columns], part.encoded[rows]
                score = functools.partial(part.task.score, said, truth)
                scores.append(on_known(part.known.numpy(), draws, score))
        return mean_known(np.stack(scores, axis=1)) if scores else np.full(len(draws), np.nan)

    def mistakes(self, outputs: Tensor, encoded: Tensor) -> np.ndarray:
        """The worst of the tasks' mistakes."""
        worst = np.zeros(len(encoded))
        for part in self.parts(encoded):
            if len(rows := part.rows):
                own = part.task.mistakes(outputs[rows][:, part.columns], part.encoded[rows])
                worst[rows.numpy()] = np.maximum(worst[rows.numpy()], own)
        return worst

    # -- calibrating and showing ---------------------------------------------------------------------

    def calibrate(self, outputs: Tensor, encoded: Tensor) -> dict[str, float]:
        """What each task calibrates, under ``target: name``."""
        found: dict[str, float] = {}
        for part in self.parts(encoded):
            own = part.task.calibrate(outputs[part.rows][:, part.columns], part.encoded[part.rows])
            found |= {within(part.name, name): value for name, value in own.items()}
        return found

    def calibrated(self, outputs: Tensor, calibration: Mapping[str, float]) -> Tensor:
        apart = self._apart(calibration)
        return torch.cat([task.calibrated(outputs[:, columns], own) for _, task, columns, own in apart], dim=1)

    def decode(self, outputs: Tensor, calibration: Mapping[str, float]) -> Predictions:
        """``label`` holds a mapping of all predictions; then ``team``, ``team_probability``, … of each target.

        ``probability`` is that of all being right, were the tasks' mistakes independent, where each task gives one.
        """
        columns: dict[str, Sequence[Any]] = {}
        labels: list[dict[str, Any]] = [{} for _ in range(len(outputs))]
        sure: list[Sequence[Any]] = []
        for name, task, part, own in self._apart(calibration):
            told = task.decode(outputs[:, part], own)
            decoded = told.columns
            free = column_of(name)
            for label, value in zip(labels, decoded["label"], strict=True):
                label[name] = value
            sure.append(told.probability)
            columns[free] = decoded["label"]
            # A number has no probability: no empty column says so.
            more = {
                key: values
                for key, values in decoded.items()
                if key != "label" and any(v is not None for v in values)
            }
            columns |= {f"{free}_{key}": values for key, values in more.items()}
        if any(None in given for given in sure):
            return Predictions({"label": labels, **columns})
        together = [float(np.prod(row)) for row in zip(*sure, strict=True)]
        return Predictions({"label": labels, "probability": together, **columns})

    def summary(self, targets: Sequence[Any]) -> list[tuple[str, int]]:
        """Counts of each task's classes or bands; of the missing too."""
        found = []
        for name, task in self.tasks.items():
            there = given(targets, name)
            found += [(f"{name}: {stratum}", count) for stratum, count in task.summary(there)]
            if missing := len(targets) - len(there):
                found.append((f"{name}: missing", missing))
        return found

    def say(self, target: Any) -> str:
        """``team billing, urgent yes``."""
        there = {name: target[name] for name in self.tasks if not is_absent(target.get(name))}
        return ", ".join(f"{name} {self.tasks[name].say(value)}" for name, value in there.items()) or _MISSING

    def _apart(self, calibration: Mapping[str, float]) -> Iterator[tuple[str, Task, slice, dict[str, float]]]:
        """Each task with its name, its columns of the outputs, and its calibration."""
        for part in self.parts(self.encode([])):
            yield part.name, part.task, part.columns, part.own(calibration)


def column_of(target: str) -> str:
    """The column of predictions for a target: its name, or ``target_label`` where that is taken already."""
    return f"target_{target}" if target in _TAKEN else target
