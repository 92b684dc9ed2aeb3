"""The contract of a task: what targets mean, how a head learns them, how predictions are judged and shown."""

from __future__ import annotations

import functools
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from headstart.core.arrays import bytes_of
from headstart.core.by_class import ByClass, Wanted
from headstart.core.detector import Detector
from headstart.core.errors import Problem, UsageError
from headstart.core.files import digest
from headstart.core.names import Name
from headstart.core.results import Figures
from headstart.core.trade_offs import TradeOff
from headstart.tasks._map_head import MapHead
from headstart.tasks._part import Part
from headstart.tasks._placed import Placed, no_boxes
from headstart.tasks._predictions import Predictions
from headstart.tasks._refusals import no_names

__all__ = ["MapHead", "Part", "Predictions", "Task", "no_boxes"]


class Task(Placed, ABC):
    """One kind of target. File name = plug-in name; nothing above this floor asks which task it has.

    Shapes: a batch of N examples; ``outputs`` is what the head returns, (N, C) floats; ``encoded`` is
    what :meth:`encode` returns, a tensor with N as its first dimension. A task whose outputs have places may keep
    less of them (:meth:`kept`); what judges, calibrates and decodes then takes that.
    """

    one_class: ClassVar[bool] = False
    """Whether each example has exactly one of the labels."""

    # -- made from targets, or from what was saved ---------------------------------------------------

    @classmethod
    @abstractmethod
    def suits(cls, targets: Sequence[Any]) -> tuple[float, str]:
        """How well these raw targets fit the task (0 not at all … 1 certainly), and why, as words."""

    @classmethod
    @abstractmethod
    def from_targets(cls, targets: Sequence[Any]) -> Task:
        """The task with its label set or scale taken from training targets.

        Raises
        ------
        InputError : the targets cannot serve (one class, not numbers, …).
        """

    @classmethod
    def of_names(cls, names: Sequence[Name]) -> Task:
        """The task whose classes have these names, of which no example is known.

        Raises
        ------
        UsageError : its outputs are no classes with names.
        """
        raise no_names(cls)

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """JSON for ``model.json``; :meth:`from_description` reads it back."""

    @classmethod
    @abstractmethod
    def from_description(cls, description: Mapping[str, Any]) -> Task:
        """The inverse of :meth:`describe`."""

    def digest(self, encoded: Tensor) -> str:
        """What tells this task with these encoded targets from all others, for what is kept from fit to fit."""
        described = json.dumps(self.describe(), sort_keys=True, default=str)
        return digest(described, bytes_of(encoded.detach().cpu().numpy()))

    def extended(self, targets: Sequence[Any]) -> Task:
        """The same task with the labels that are new in `targets` behind its own; missing targets say nothing.

        Raises
        ------
        UsageError : labels cannot be added to this task.
        InputError : the targets are of another kind.
        """
        raise UsageError(
            f"A model for {self.name.replace('_', ' ')} predicts {self.predicted()}; classes can be added to a model "
            "for classification alone. Fit anew on the old and the new examples together."
        )

    def anew(self, targets: Sequence[Any]) -> Task:
        """The same kind of task with its label set or scale taken from other training targets."""
        return type(self).from_targets(targets)

    def said_of(self, targets: Sequence[Any]) -> str:
        """How these targets are read, where who names the task may have meant another way; else nothing."""
        return ""

    def starting_from(self, detector: Detector | None) -> Task:
        """The same task, whose heads go on from that of a pretrained detector where it is of use; else new ones."""
        return self

    # -- learning -----------------------------------------------------------------------------------

    @property
    @abstractmethod
    def outputs(self) -> int:
        """C, the width of the head's output."""

    def named(self) -> list[Name] | None:
        """The name of each output where it stands for one class whose name means something; else None."""
        return None

    def with_more_names(self, names: Sequence[Name]) -> Task:
        """The same task with more classes after its own, without an example; refused as :meth:`of_names`."""
        raise no_names(type(self))

    def with_names(self, names: Sequence[Name]) -> Task:
        """The same task, knowing what its classes mean where `names` say so; refused as :meth:`of_names`."""
        raise no_names(type(self))

    @abstractmethod
    def problem(self, target: Any) -> str | None:
        """Why this raw target cannot be encoded (an unknown class, not a number), or None."""

    def problems(self, ids: Sequence[str], targets: Sequence[Any]) -> list[Problem]:
        """Every raw target that cannot be encoded, under its example's name; what many share is asked once."""
        once = functools.lru_cache(maxsize=None, typed=True)(self.problem)
        said = (once(each) if isinstance(each, str | int | float) else self.problem(each) for each in targets)
        return [Problem(name, what) for name, what in zip(ids, said, strict=True) if what]

    @abstractmethod
    def encode(self, targets: Sequence[Any]) -> Tensor:
        """Raw targets as a tensor, (N,) or (N, C)."""

    def head(self, features: int) -> nn.Module:
        """New output layers on pooled features: (N, features) → (N, C). Linear unless the task says otherwise."""
        return nn.Linear(features, self.outputs)

    def kept(self, outputs: Tensor) -> Tensor:
        """What of a batch of raw outputs is kept, with N first: all of it unless that were too much."""
        return outputs

    @abstractmethod
    def loss(self, outputs: Tensor, encoded: Tensor, weights: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
        """Weighted mean loss, a scalar; convex in `outputs`. `weights` is (N,); `smoothing` in [0, 1).

        Linear in `weights`, so a mixture of two targets is a weighted sum of two losses (mixup).
        """

    def losses(
        self, outputs: Tensor, encoded: Tensor, weights: Tensor | None = None, smoothing: float = 0.0
    ) -> Tensor:
        """The loss of each part (P,), whose mean is :meth:`loss`; for what balances several tasks in training."""
        return self.loss(outputs, encoded, weights, smoothing)[None]

    def balance(self, encoded: Tensor) -> Tensor:
        """Per-example weights (N,), mean 1, that make rare targets count as much as common ones.

        A task of P parts may give a column for each, (N, P), nought where the target is missing.
        """
        return torch.ones(len(encoded))

    def parts(self, encoded: Tensor) -> list[Part]:
        """The P tasks that this one consists of, with their targets: itself alone, unless it says otherwise.

        Heads of parts share features and nothing else, so each is solved for itself.
        """
        return [self._whole(encoded)]

    def _whole(self, encoded: Tensor) -> Part:
        return Part("", self, slice(0, self.outputs), encoded, torch.ones(len(encoded), dtype=torch.bool))

    def narrowed(self, encoded: Tensor, most: int, seed: int) -> Part:
        """A task like this one, with its examples, where an idea of it is enough: itself, unless it says otherwise.

        Parameters
        ----------
        most : the number of examples times outputs that the part should have at most, roughly.
        """
        return self._whole(encoded)

    def strata(self, targets: Sequence[Any]) -> list[str]:
        """N names of the strata a split should keep in proportion (classes, bands of a number)."""
        return [str(target) for target in targets]

    # -- judging ------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def watched(self) -> str:
        """The name of the figure (a key of :meth:`metrics`) that decides between rungs."""

    @property
    def guarded(self) -> tuple[str, ...]:
        """Figures that a rung must not make significantly worse, the watched one among them."""
        return (self.watched,)

    @property
    @abstractmethod
    def higher_is_better(self) -> Mapping[str, bool]:
        """For every key of :meth:`metrics`; mostly an attribute of the class."""

    @abstractmethod
    def metrics(self, outputs: Tensor, encoded: Tensor) -> Figures:
        """Figures with 95 % intervals from calibrated `outputs`."""

    @abstractmethod
    def measure(self, name: str, outputs: Tensor, encoded: Tensor, draws: np.ndarray) -> np.ndarray:
        """The figure `name` recomputed on resamples: `draws` is (B, N) example indices; returns (B,).

        Two models measured with the same draws give a paired interval of their difference.
        """

    def value(self, name: str, outputs: Tensor, encoded: Tensor) -> float:
        """The figure `name` on the examples as they are, without its interval."""
        return float(self.measure(name, outputs, encoded, np.arange(len(encoded))[None])[0])

    def score(self, outputs: Tensor, encoded: Tensor, draws: np.ndarray) -> np.ndarray:
        """(B,) between 0 and 1, the best, on resamples: by this several tasks are averaged.

        The watched figure where higher is better, else 1 / (1 + it).
        """
        value = self.measure(self.watched, outputs, encoded, draws)
        return np.clip(value, 0.0, 1.0) if self.higher_is_better[self.watched] else 1 / (1 + np.maximum(value, 0.0))

    @abstractmethod
    def mistakes(self, outputs: Tensor, encoded: Tensor) -> np.ndarray:
        """(N,) how wrong each prediction is, 0 where it is right; larger is worse and more confident."""

    # -- calibrating and showing ---------------------------------------------------------------------

    @abstractmethod
    def calibrate(self, outputs: Tensor, encoded: Tensor) -> dict[str, float]:
        """What makes probabilities or intervals honest, fitted on held-out outputs; JSON-ready."""

    def calibrated(self, outputs: Tensor, calibration: Mapping[str, float]) -> Tensor:
        """The outputs (N, C) that :meth:`metrics` and :meth:`mistakes` take, from raw ones."""
        return outputs

    @abstractmethod
    def decode(self, outputs: Tensor, calibration: Mapping[str, float]) -> Predictions:
        """Calibrated predictions with at least the column ``label``, then ``probability`` if there is one."""

    def probabilities(self, outputs: Tensor, calibration: Mapping[str, float]) -> np.ndarray:
        """(N, C) calibrated probabilities in the order of the labels.

        Raises
        ------
        UsageError : the task has none.
        """
        raise UsageError(f"A model for {self.name} predicts {self.predicted()}; it has no class probabilities.")

    def confusion(self, outputs: Tensor, encoded: Tensor) -> tuple[list[str], np.ndarray] | None:
        """Labels and a (C, C) count matrix (rows: truth), where the task has one."""
        return None

    def per_label(self, outputs: Tensor, encoded: Tensor) -> list[dict[str, Any]]:
        """Rows of per-class figures for the report (``label``, ``examples``, ``precision``, …), or none."""
        return []

    def trade_offs(self, outputs: Tensor, encoded: Tensor) -> list[TradeOff]:
        """Of calibrated `outputs`, precision against recall of each class, where a threshold decides; else none."""
        return []

    def operating_points(self, outputs: Tensor, encoded: Tensor, wanted: Wanted) -> dict[str, float]:
        """What to put into the calibration so that :meth:`by_class` takes thresholds that reach what is `wanted`.

        Parameters
        ----------
        outputs : calibrated, of the examples that choose.

        Raises
        ------
        UsageError : nothing is told by thresholds here.
        """
        raise UsageError(
            f"A model for {self.name.replace('_', ' ')} has no operating points; leave out --{wanted.figure}."
        )

    def by_class(self, outputs: Tensor, encoded: Tensor, calibration: Mapping[str, float]) -> ByClass | None:
        """Of calibrated `outputs`, the figures of each class by itself; None where there are no classes."""
        return None

    def summary(self, targets: Sequence[Any]) -> list[tuple[str, int]]:
        """How the targets are distributed: (name, count), for the data summary."""
        counts: dict[str, int] = {}
        for stratum in self.strata(targets):
            counts[stratum] = counts.get(stratum, 0) + 1
        return sorted(counts.items(), key=lambda item: -item[1])

    def say(self, target: Any) -> str:
        """A target as a person reads it."""
        return str(target)
