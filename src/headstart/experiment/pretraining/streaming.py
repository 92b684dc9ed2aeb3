"""Courses without end: no crop is met twice. How many there is time for, and how they lie in memory, by a trial."""

from __future__ import annotations

import copy
import time
from abc import abstractmethod
from dataclasses import replace

import torch

from headstart.core.timing import say_duration
from headstart.experiment.pretraining.courses import Method, PictureCourses
from headstart.experiment.pretraining.plan import BATCH, BATCH_ON_GPU, streamed, streamed_as_asked
from headstart.pretraining import Learner, Plan

GPU = "cuda"

HELD, HELD_ON_GPU = 2**31, 2**34
"""Bytes that decoded pictures may take, in the computer's memory and in a GPU's."""

WARM, TIMED = 6, 60
"""Steps of the trial before the clock starts, and by the clock, on a GPU; elsewhere a step is slow and steady."""


class Streaming(PictureCourses[Method]):
    """For crops that the device cuts itself, faster than they could be decoded and stored."""

    def asked(self, epochs: int) -> Plan:
        return self._laid_out(streamed_as_asked(self.pictures, epochs, self._batch, self.rate))

    def filling(self, looking: float) -> Plan:
        each, channels_last = self._fastest()
        plan = streamed(self.pictures, self.left - looking, each, self._batch, self.rate)
        plan = self._laid_out(plan, channels_last)
        self.progress.say(
            f"  plan: {plan.epochs} epochs of {plan.per_epoch:,} crops, each met once, {plan.batch_size} a step; "
            f"{1 / each:,.0f} a second; about {say_duration(plan.crops * each + looking)}."
        )
        return plan

    @abstractmethod
    def _ready(self, epoch: int) -> None:
        """Decode the pictures of `epoch`, so that this is not timed."""

    @property
    def _room(self) -> float:
        """Bytes for decoded pictures: no more than a third of what is free on a GPU."""
        if not self._on_gpu:
            return HELD
        free = torch.cuda.mem_get_info(self.material.device)[0] if torch.cuda.is_available() else HELD_ON_GPU
        return min(HELD_ON_GPU, free / 3)

    def _fastest(self) -> tuple[float, bool]:
        """Seconds for a crop, and whether channels come last then; both are tried.

        Raises
        ------
        RuntimeError : the device computes neither.
        """
        tried: list[tuple[float, bool]] = []
        for layout in (True, False):
            try:
                tried.append((self._trial(layout), layout))
            except RuntimeError as error:
                if not tried and not layout:
                    raise
                self.progress.say(f"  {'channels last' if layout else 'channels first'} cannot be computed: {error}")
        return min(tried)

    def _trial(self, channels_last: bool) -> float:
        """Seconds for a crop, by a copy of the student, once the device has warmed up."""
        warm, timed = (WARM, TIMED) if self._on_gpu else (1, 1)
        steps = self._laid_out(Plan(warm * self._batch, warm * self._batch, 2, self._batch, self.rate), channels_last)
        course = replace(self.course(steps), student=copy.deepcopy(self.material.student))
        trial = Learner(course)
        trial.epoch(0)
        trial.course = replace(course, plan=replace(steps, crops=timed * self._batch, per_epoch=timed * self._batch))
        self._ready(1)
        began = time.perf_counter()
        trial.epoch(1)
        return (time.perf_counter() - began) / (timed * self._batch)

    def _laid_out(self, plan: Plan, channels_last: bool = True) -> Plan:
        """Without a trial channels come last, which is what most convolutions are fastest with, on any device."""
        return replace(plan, streamed=True, channels_last=channels_last)

    @property
    def _on_gpu(self) -> bool:
        return self.material.device.type == GPU

    @property
    def _batch(self) -> int:
        return BATCH_ON_GPU if self._on_gpu else BATCH
