"""The moments of a training run at which something else may happen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headstart.training.loop import Job


@dataclass
class Moment:
    """Where a run stands. Setting ``stop`` ends it after the current epoch.

    ``curve`` holds one dict of figures for every finished epoch.
    """

    epoch: int = 0
    step: int = 0
    steps_per_epoch: int = 1
    curve: list[dict[str, float]] = field(default_factory=list)
    stop: bool = False


class Callback:
    """Does nothing at every moment; a callback overrides what it needs."""

    def on_begin(self, job: Job, moment: Moment) -> None:
        """Before the first epoch; a checkpoint may move `moment` forward here."""

    def on_epoch_begin(self, job: Job, moment: Moment) -> None:
        """Before the first step of an epoch."""

    def on_step_end(self, job: Job, moment: Moment) -> None:
        """After every step."""

    def on_epoch_end(self, job: Job, moment: Moment) -> None:
        """After an epoch and its validation, whose figures are the last of ``moment.curve``."""

    def on_end(self, job: Job, moment: Moment) -> None:
        """After the last epoch."""
