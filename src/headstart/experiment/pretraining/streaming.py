"""Courses without end: no crop is met twice. How many there is time for, and how they lie in memory, by a trial."""

from __future__ import annotations

import copy
import time
from abc import abstractmethod
from dataclasses import replace
from functools import cached_property

import torch

from headstart.core.errors import HeadstartError, first_line
from headstart.core.timing import say_duration
from headstart.experiment.pretraining.courses import Method, PictureCourses
from headstart.experiment.pretraining.plan import BATCH, BATCH_ON_GPU, streamed, streamed_as_asked, usual_epoch
from headstart.pretraining import Learner, Plan, Turns

GPU = "cuda"

HELD, HELD_ON_GPU = 2**31, 2**34
"""Bytes that decoded pictures may take, in the computer's memory and in a GPU's."""

WARM, TIMED = 6, 60
"""Steps of the trial before the clock starts, and by the clock, on a GPU; elsewhere a step is slow and steady."""

FEWEST = 8
"""Crops of a step, at least, where a GPU has little memory."""


class Streaming(PictureCourses[Method]):
    """For crops that the device cuts itself, faster than they could be decoded and stored."""

    def asked(self, epochs: int) -> Plan:
        return self._laid_out(streamed_as_asked(self._usual, epochs, self._batch, self.rate))

    def filling(self, looking: float) -> Plan:
        each, channels_last = self._fastest()
        decoding = 0.0 if self._turns.all_fit else self._turns.seconds
        plan = streamed(self._usual, self.left - looking, each, self._batch, self.rate, decoding)
        plan = self._laid_out(plan, channels_last)
        seconds = plan.crops * each + (plan.epochs - 1) * decoding + looking
        self.progress.say(
            f"  plan: {plan.epochs} epochs of {plan.per_epoch:,} crops, of {self.shown(plan, plan.epochs):,} "
            f"pictures in all and each met once, {plan.batch_size} a step; {1 / each:,.0f} a second; about "
            f"{say_duration(seconds)}."
        )
        return plan

    def shown(self, plan: Plan, epochs: int) -> int:
        return min(self.pictures, epochs * min(len(self._turns), plan.per_epoch // self._views))

    @property
    @abstractmethod
    def _turns(self) -> Turns:
        """The pictures that lie on the device."""

    @property
    def _views(self) -> int:
        """Crops of a picture that are shown together."""
        return 1

    @property
    def _usual(self) -> int:
        """Crops of an epoch where time allows: what its turn of pictures is good for, so that all have theirs."""
        return usual_epoch(len(self._turns), self._views)

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
        HeadstartError : the device computes neither.
        """
        tried: list[tuple[float, bool]] = []
        for layout in (True, False):
            try:
                tried.append((self._trial(layout), layout))
            except RuntimeError as error:
                if not tried and not layout:
                    raise self._impossible(error) from error
                self.progress.say(f"  {'channels last' if layout else 'channels first'} cannot be computed: {error}")
        return min(tried)

    def _trial(self, channels_last: bool) -> float:
        """Seconds for a crop, by a copy of the student, once the device has warmed up and the pictures are there."""
        warm, timed = (WARM, TIMED) if self._on_gpu else (1, 1)
        trial, crops = self._copied(warm, self._batch, channels_last), timed * self._batch
        trial.epoch(0)
        trial.course = replace(trial.course, plan=replace(trial.course.plan, crops=crops, per_epoch=crops))
        began = time.perf_counter()
        trial.epoch(0)  # of the same pictures, which the course begins with
        return (time.perf_counter() - began) / crops

    def _copied(self, steps: int, batch: int, channels_last: bool = True) -> Learner:
        """A copy of the student, for a trial of so many steps."""
        plan = self._laid_out(Plan(steps * batch, steps * batch, 2, batch, self.rate), channels_last)
        return Learner(replace(self.course(plan), student=copy.deepcopy(self.material.student)))

    def _has_room(self, batch: int) -> bool:
        """Whether the device has memory for steps of so many crops: in the second the optimiser's state is there too.

        Raises
        ------
        HeadstartError : it has none even for :data:`FEWEST`.
        """
        try:
            self._copied(2, batch).epoch(0)
        except torch.OutOfMemoryError as error:
            if batch <= FEWEST:
                raise self._impossible(error) from error
            return False
        except RuntimeError:  # no want of memory: it shows where each layout is tried
            return True
        return True

    def _impossible(self, error: RuntimeError) -> HeadstartError:
        return HeadstartError(
            f"{self.material.student.card.name} cannot learn on this device from crops of {self._turns.side} pixels "
            f"({first_line(error).rstrip('.')}). Take smaller ones (--size) or a smaller network."
        )

    def _laid_out(self, plan: Plan, channels_last: bool = True) -> Plan:
        """Without a trial channels come last, which is what most convolutions are fastest with, on any device."""
        return replace(plan, streamed=True, channels_last=channels_last)

    @property
    def _on_gpu(self) -> bool:
        return self.material.device.type == GPU

    @cached_property
    def _batch(self) -> int:
        """Crops of a step: as many as fill the device, or as its memory has room for."""
        if not self._on_gpu:
            return BATCH
        batch = BATCH_ON_GPU
        while not self._has_room(batch):
            batch //= 2
        return batch
