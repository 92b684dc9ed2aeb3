"""Judges and keeps a running average of the weights instead of where the last step left them."""

from __future__ import annotations

import torch
from torch import Tensor

from headstart.training.callback import Callback, Moment
from headstart.training.loop import Job

WARMING = 10
"""About so many first steps count for more, so that the weights that a run began with are soon forgotten."""


class WeightAveraging(Callback):
    """An exponential moving average of what is trained (Polyak & Juditsky 1992; Tarvainen & Valpola 2017,
    arXiv:1703.01780): average ← k · average + (1 - k) · weights after each step.

    k is (1 + steps) / (``WARMING`` + steps) until that exceeds `kept`. The network holds the average from the last
    step of an epoch until the next one begins, so whoever looks at an epoch's end finds it; the run goes on from
    where the optimizer ``stood``.
    """

    def __init__(self, kept: float) -> None:
        self.kept = kept
        self.average: dict[str, Tensor] = {}
        self.stood: dict[str, Tensor] = {}

    def on_epoch_begin(self, job: Job, moment: Moment) -> None:
        """Take what the network holds for the average, and go on from where the optimizer stood."""
        self.average = _copied(job)
        if self.stood:
            job.plan.load_moving_state(self.stood)

    @torch.no_grad()
    def on_step_end(self, job: Job, moment: Moment) -> None:
        """Move the average, and put it into the network after the last step of an epoch."""
        kept = min(self.kept, (1 + moment.step) / (WARMING + moment.step))
        for name, now in job.plan.moving_state().items():
            average = self.average[name]
            average.lerp_(now, 1 - kept) if average.is_floating_point() else average.copy_(now)
        if moment.step % moment.steps_per_epoch == 0:
            self.stood = _copied(job)
            job.plan.load_moving_state(self.average)


def _copied(job: Job) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in job.plan.moving_state().items()}
