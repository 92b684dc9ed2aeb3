"""A part of a task: one of the tasks that it consists of, and what of some examples concerns it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from headstart.core.results import target_of, within

if TYPE_CHECKING:
    from headstart.tasks.base import Task


@dataclass(frozen=True)
class Part:
    """One of the tasks that a task consists of, and what of N examples concerns it.

    Attributes
    ----------
    name : of the target; empty where the task is one thing.
    columns : its part of the outputs (N, C).
    encoded : N encoded targets; any valid one where the target is missing. known : (N,) whether it is there.
    """

    name: str
    task: Task
    columns: slice
    encoded: Tensor
    known: Tensor

    @property
    def rows(self) -> Tensor:
        """(n,) places of the examples whose target is known."""
        return self.known.nonzero()[:, 0]

    def own(self, calibration: Mapping[str, float]) -> dict[str, float]:
        """What of the calibration of all is this part's."""
        if not self.name:
            return dict(calibration)
        before = within(self.name, "")
        return {key[len(before) :]: value for key, value in calibration.items() if target_of(key) == self.name}
