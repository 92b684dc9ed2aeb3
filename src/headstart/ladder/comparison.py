"""Compares rungs on the same held-out examples, pair by pair."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from torch import Tensor

from headstart.core.results import Figure, Figures
from headstart.core.statistics import bootstrap_draws, paired_difference, standard_error
from headstart.tasks.base import Task

Found = TypeVar("Found")

FEW = 8
SMALL_SHARE = 0.1
"""Where no more than this many mistakes, and this share, are left, a rung that mended half of them could not be told
from chance (sign test with 4 of 4: p = 1/16) and would add less than five points."""


@dataclass(frozen=True)
class Gain:
    """How much better one rung is than another on one figure: positive is better, with its 95 % interval."""

    figure: Figure
    error: float

    @property
    def within_one_error(self) -> bool:
        """Whether the difference is no larger than its standard error."""
        return self.figure.value <= self.error


class HeldOut:
    """The held-out examples on which all rungs are compared, and the resamples that pair them.

    ``by_loss`` says that they are too few for right and wrong to order rungs that are as simple as each other. Every
    rung is asked about again with each that follows, so its figures are computed once while its outputs live.
    """

    def __init__(self, task: Task, encoded: Tensor, seed: int, by_loss: bool = False) -> None:
        self.task, self.encoded, self.by_loss = task, encoded, by_loss
        self.draws = bootstrap_draws(len(encoded), seed=seed)
        self._found: dict[tuple[str, str, int], tuple[weakref.ref[Tensor], Any]] = {}

    @property
    def called(self) -> str:
        """What a person calls them; so few that none are held out are all learnt from, and judged out of fold."""
        return "examples it did not see" if self.by_loss else "held-out examples"

    def figures(self, outputs: Tensor) -> Figures:
        """All figures of the task, with intervals."""
        return self.task.metrics(outputs, self.encoded)

    def value(self, outputs: Tensor) -> float:
        """The watched figure, signed so that larger is better."""
        return self._sign(self.task.watched) * self._value(self.task.watched, outputs)

    def merit(self, outputs: Tensor) -> float:
        """What orders rungs that are as simple as each other, larger is better.

        The watched figure; or minus the loss once calibrated, which says of each example how sure the truth was.
        """
        if not self.by_loss:
            return self.value(outputs)
        calibrated = self.task.calibrated(outputs, self.task.calibrate(outputs, self.encoded))
        return -float(self.task.loss(calibrated, self.encoded))

    def gain(self, better: Tensor, than: Tensor, name: str | None = None) -> Gain:
        """What `better` gains over `than` on the figure `name` (default: the watched one)."""
        name = name or self.task.watched
        drawn = [self._on_draws(name, outputs) for outputs in (better, than)]
        point = [self._value(name, outputs) for outputs in (better, than)]
        sign = self._sign(name)
        interval = paired_difference(sign * drawn[0], sign * drawn[1])
        difference = sign * (point[0] - point[1])
        error = standard_error(sign * (drawn[0] - drawn[1]))
        return Gain(Figure(difference, interval.low, interval.high), error)

    def loss_of(self, outputs: Tensor, against: Tensor) -> str | None:
        """The guarded figure that `outputs` makes significantly worse than `against`, if there is one."""
        for name in self.task.guarded:
            gain = self.gain(outputs, against, name)
            if gain.figure.high < 0:
                return name
        return None

    def allowed(self, outputs: Sequence[Tensor]) -> list[int]:
        """The rungs that make no guarded figure significantly worse than the first rung does."""
        return [i for i, o in enumerate(outputs) if i == 0 or self.loss_of(o, outputs[0]) is None]

    def best(self, outputs: Sequence[Tensor]) -> int:
        """The allowed rung with the best watched figure, the first of equals."""
        return max(self.allowed(outputs), key=lambda i: self.value(outputs[i]))

    def nothing_to_gain(self, outputs: Tensor) -> int | None:
        """The number of mistakes left when it is too small for any rung to show a gain; else None."""
        wrong = int((self.task.mistakes(outputs, self.encoded) > 0).sum())
        return wrong if wrong <= min(FEW, SMALL_SHARE * len(self.encoded)) else None

    def _on_draws(self, name: str, outputs: Tensor) -> np.ndarray:
        """(B,) the figure `name` on the resamples."""
        measure = functools.partial(self.task.measure, name, outputs, self.encoded, self.draws)
        return self._once("drawn", name, outputs, measure)

    def _value(self, name: str, outputs: Tensor) -> float:
        """The figure `name` on the examples as they are."""
        return self._once("value", name, outputs, functools.partial(self.task.value, name, outputs, self.encoded))

    def _once(self, kind: str, name: str, outputs: Tensor, find: Callable[[], Found]) -> Found:
        """What was found for these very outputs before; another tensor may come to lie where one was let go."""
        key = kind, name, id(outputs)
        known = self._found.get(key)
        if known is None or known[0]() is not outputs:
            known = self._found[key] = weakref.ref(outputs), find()
        found: Found = known[1]
        return found

    def _sign(self, name: str) -> int:
        return 1 if self.task.higher_is_better[name] else -1


def simplest_of_the_best(held_out: HeldOut, outputs: Sequence[Tensor], reach: Sequence[float]) -> int:
    """The best of those as simple as the first of the rungs within one standard error of the best.

    One standard error: Breiman et al. 1984, section 3.4.3.

    Rungs of the same reach are as simple as each other: they train nothing of the backbone, or as much of it, and
    cost the same in use. So the better counts, and of equals the one that learnt more, which stands later.
    A rung that is not allowed cannot be chosen.

    Parameters
    ----------
    reach : the share of the backbone that gradients of each rung pass through, nothing for one made for few examples.
    """
    best = held_out.best(outputs)
    allowed = held_out.allowed(outputs)
    near = [i for i in allowed if i == best or held_out.gain(outputs[best], outputs[i]).within_one_error]
    alike = [i for i in near if reach[i] == reach[near[0]]]
    return max(alike, key=lambda i: (held_out.merit(outputs[i]), i))
