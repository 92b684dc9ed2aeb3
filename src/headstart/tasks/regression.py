"""Regression: a number per example, with an interval that holds 90 % of the truths."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from headstart.core.errors import InputError, UsageError, nearest
from headstart.core.results import Figures
from headstart.tasks._resampling import Measure, bootstrapped, to_array
from headstart.tasks._targets import as_number, is_missing, looks_measured
from headstart.tasks.base import Predictions, Task
from headstart.tasks.figures.number_figures import FIGURES

COVERAGE = 0.9
_BANDS, _FEWEST_IN_BAND = 5, 10


class Regression(Task):
    """One number per example. Heads learn it in standard deviations from the training mean.

    Parameters
    ----------
    mean, deviation : of the training targets, in the person's units.
    edges : where the bands that a split keeps in proportion end, rising.
    """

    name = "regression"
    noun = "number"
    higher_is_better: ClassVar[Mapping[str, bool]] = {"mae": False, "rmse": False, "r2": True, "spearman": True}

    def __init__(self, mean: float, deviation: float, edges: Sequence[float] = ()) -> None:
        self.mean, self.deviation, self.edges = mean, deviation, list(edges)

    @classmethod
    def suits(cls, targets: Sequence[Any]) -> tuple[float, str]:
        numbers = [as_number(target) for target in targets if not is_missing(target)]
        known = [number for number in numbers if number is not None]
        if not known or len(known) < len(numbers):
            return 0.0, f"{len(known)} of {len(numbers)} targets are numbers"
        seen = f"{len(set(known))} different numbers from {min(known):g} to {max(known):g}"
        return (0.9, seen) if looks_measured(known) else (0.2, f"only {seen}")

    @classmethod
    def from_targets(cls, targets: Sequence[Any]) -> Regression:
        numbers = _numbers(targets)
        if len(set(numbers)) < 2:
            seen = f"all {len(numbers)} targets are {numbers[0]:g}" if len(numbers) else "there are no targets"
            raise InputError(f"Regression needs at least two different numbers, but {seen}.")
        bands = max(1, min(_BANDS, len(numbers) // _FEWEST_IN_BAND))
        edges = np.unique(np.quantile(numbers, np.arange(1, bands) / bands))
        return cls(float(numbers.mean()), float(numbers.std()), edges.tolist())

    def describe(self) -> dict[str, Any]:
        return {"name": self.name, "mean": self.mean, "deviation": self.deviation, "edges": self.edges}

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> Regression:
        return cls(description["mean"], description["deviation"], description["edges"])

    @property
    def outputs(self) -> int:
        return 1

    def problem(self, target: Any) -> str | None:
        if is_missing(target):
            return "the number is missing"
        return None if as_number(target) is not None else f"{target!r} is not a number"

    def encode(self, targets: Sequence[Any]) -> Tensor:
        """(N,) float32 in standard deviations from the mean. Raises ``InputError`` when one is not a number."""
        return torch.from_numpy((_numbers(targets) - self.mean) / self.deviation).float()

    def loss(self, outputs: Tensor, encoded: Tensor, weights: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
        """Mean squared error in standard deviations, Σ w l / N. `smoothing` has no meaning for numbers."""
        losses = (outputs[:, 0] - encoded.to(outputs.dtype)) ** 2
        return losses.mean() if weights is None else (weights * losses).mean()

    def strata(self, targets: Sequence[Any]) -> list[str]:
        """The quantile band of each number, at most five."""
        return [self._bands()[place] for place in np.searchsorted(self.edges, _numbers(targets), side="left")]

    def _bands(self) -> list[str]:
        if not self.edges:
            return ["all numbers"]
        between = [f"{a:.6g} to {b:.6g}" for a, b in zip(self.edges, self.edges[1:], strict=False)]
        return [f"up to {self.edges[0]:.6g}", *between, f"above {self.edges[-1]:.6g}"]

    @property
    def watched(self) -> str:
        """The mean absolute error: in the person's units, and steadier than squared errors, in which a few
        outliers decide, when two rungs are compared on a few hundred examples."""
        return "mae"

    @property
    def guarded(self) -> tuple[str, ...]:
        """The root mean squared error too: a rung may not buy the many with a few gross errors."""
        return ("mae", "rmse")

    def metrics(self, outputs: Tensor, encoded: Tensor) -> Figures:
        names = self.higher_is_better
        return {name: bootstrapped(self._measure(name, outputs, encoded), len(encoded)) for name in names}

    def measure(self, name: str, outputs: Tensor, encoded: Tensor, draws: np.ndarray) -> np.ndarray:
        return self._measure(name, outputs, encoded)(draws)

    def _measure(self, name: str, outputs: Tensor, encoded: Tensor) -> Measure:
        if name not in FIGURES:
            raise UsageError(f"{self.name} has no figure {name!r}.{nearest(name, FIGURES)} It has {list(FIGURES)}.")
        return FIGURES[name](to_array(outputs)[:, 0], to_array(encoded), self.deviation)

    def score(self, outputs: Tensor, encoded: Tensor, draws: np.ndarray) -> np.ndarray:
        """1 - mean absolute error / standard deviation of the training targets, at least 0.

        Always answering the mean reaches about 0.2: the mean distance from it is 0.8 deviations where numbers are
        normal.
        """
        share = FIGURES["mae"](to_array(outputs)[:, 0], to_array(encoded), 1.0)(draws)
        return np.clip(1 - share, 0.0, 1.0)

    def mistakes(self, outputs: Tensor, encoded: Tensor) -> np.ndarray:
        """The distance from the truth in standard deviations of the targets."""
        return np.abs(to_array(outputs)[:, 0] - to_array(encoded))

    def calibrate(self, outputs: Tensor, encoded: Tensor) -> dict[str, float]:
        """``residual_90``: predictions ± this many of the person's units hold 90 % of new truths.

        Split conformal prediction (Vovk et al. 2005): the ⌈(n + 1) 0.9⌉-th smallest held-out |residual|. With
        fewer than 9 examples no finite interval is that sure; the largest residual is the best there is.
        """
        residuals = np.sort(self.mistakes(outputs, encoded)) * self.deviation
        if not len(residuals):
            return {}
        # The small amount keeps 0.9 · 10 = 9.000000000000002 from being rounded up to 10.
        place = math.ceil((len(residuals) + 1) * COVERAGE - 1e-9)
        return {"residual_90": float(residuals[min(place, len(residuals)) - 1])}

    def decode(self, outputs: Tensor, calibration: Mapping[str, float]) -> Predictions:
        """``label`` is the number; ``low`` and ``high`` are the 90 % interval, empty where it is not known."""
        numbers = to_array(outputs)[:, 0] * self.deviation + self.mean
        half = calibration.get("residual_90")
        unknown: list[Any] = [None] * len(numbers)
        return Predictions(
            {
                "label": numbers.tolist(),
                "low": unknown if half is None else (numbers - half).tolist(),
                "high": unknown if half is None else (numbers + half).tolist(),
            }
        )

    def summary(self, targets: Sequence[Any]) -> list[tuple[str, int]]:
        """Counts of the bands, in rising order."""
        strata = self.strata(targets)
        return [(band, strata.count(band)) for band in self._bands()]

    def say(self, target: Any) -> str:
        number = as_number(target)
        return str(target) if number is None else f"{number:.6g}"


def _numbers(targets: Sequence[Any]) -> np.ndarray:
    """(N,) doubles. Raises ``InputError`` when some targets are not numbers, and says which."""
    numbers = [as_number(target) for target in targets]
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers):
        first = targets[numbers.index(None)]
        raise InputError(
            f"{len(numbers) - len(known)} of {len(numbers)} targets are not numbers (e.g. {first!r}); "
            "regression needs a number each."
        )
    return np.array(known)
