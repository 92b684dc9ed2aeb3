"""A course without end: no crop is met twice, and the teacher answers for the very batch that the student sees."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import torch

from headstart.core.timing import say_duration
from headstart.experiment.courses import PictureCourses
from headstart.experiment.pretraining_plan import BATCH, BATCH_ON_GPU, streamed, streamed_as_asked
from headstart.frozen.inputs import Inputs
from headstart.pretraining import Course, Learner, Places, Plan, Said, Streamed, shared_maps

GPU = "cuda"

SAMPLED = 4
"""Batches that tell what the teacher's answers are like."""

HELD, HELD_ON_GPU = 2**31, 2**34
"""Bytes that decoded pictures may take, in the computer's memory and in a GPU's."""

WARM, TIMED = 6, 60
"""Steps of the trial before the clock starts, and by the clock, on a GPU; elsewhere a step is slow and steady."""


class StreamedCourse(PictureCourses):
    """For a device that computes faster than crops could be decoded and stored: it cuts them itself."""

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

    def course(self, plan: Plan) -> Course:
        material, shown = self.material, self._shown
        layout = torch.channels_last if plan.channels_last else torch.contiguous_format
        material.teacher.to(material.device).to(memory_format=layout)
        sample = self._sample(plan)
        torch.manual_seed(self.seed)
        lesson = self.method.lesson(material.student.feature_size, sample.features)
        places = Places([of_student.channels for of_student, _ in self._maps], sample.maps) if self._maps else None
        maps = tuple(of_student.name for of_student, _ in self._maps)
        weight = self.method.maps
        return Course(
            material.student, lesson, shown, plan, self.seed, material.device, places, weight, maps, self._on_gpu
        )

    def _sample(self, plan: Plan) -> Said:
        """What the teacher says of some crops, to know what its answers are like."""
        count = SAMPLED * plan.batch_size
        some = replace(plan, crops=count, per_epoch=count, epochs=1)
        said: Sequence[Said] = [wanted for _, wanted in self._shown.epoch(0, some)]
        maps = zip(*(each.maps for each in said), strict=True)
        return Said(torch.cat([each.features for each in said]), tuple(torch.cat(parts) for parts in maps))

    @cached_property
    def _maps(self) -> list:
        """Maps of both networks, of the same stride, where the method asks for them."""
        return shared_maps(self.material.student, self.material.teacher) if self.method.maps > 0 else []

    @cached_property
    def _shown(self) -> Streamed:
        material = self.material
        pictures, sees = material.pictures, material.student_sees
        inputs = Inputs(pictures.examples, material.modality, sees, pictures.fingerprints, self.stopwatch)
        return Streamed(
            inputs,
            material.teacher,
            sees,
            material.teacher_sees,
            maps=[of_teacher.name for _, of_teacher in self._maps],
            side=material.wish.side or sees.size,
            seed=self.seed,
            device=material.device,
            most=self._room,
            reduced=self._on_gpu,
        )

    @property
    def _room(self) -> float:
        """Bytes for decoded pictures: no more than a third of what is free on a GPU."""
        if not self._on_gpu:
            return HELD
        free = torch.cuda.mem_get_info(self.material.device)[0] if torch.cuda.is_available() else HELD_ON_GPU
        return min(HELD_ON_GPU, free / 3)

    def _fastest(self) -> tuple[float, bool]:
        """Seconds for a crop, and whether channels come last then; on a GPU both are tried.

        Raises
        ------
        RuntimeError : the device computes neither.
        """
        if not self._on_gpu:
            return self._trial(False), False
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
        warm, timed = (WARM, TIMED) if self._on_gpu else (1, 2)
        steps = self._laid_out(Plan(warm * self._batch, warm * self._batch, 2, self._batch, self.rate), channels_last)
        course = replace(self.course(steps), student=copy.deepcopy(self.material.student))
        trial = Learner(course)
        trial.epoch(0)
        trial.course = replace(course, plan=replace(steps, crops=timed * self._batch, per_epoch=timed * self._batch))
        self._shown.pool(1)  # decoding is not what is timed
        began = time.perf_counter()
        trial.epoch(1)
        return (time.perf_counter() - began) / (timed * self._batch)

    def _laid_out(self, plan: Plan, channels_last: bool | None = None) -> Plan:
        layout = self._on_gpu if channels_last is None else channels_last
        return replace(plan, streamed=True, channels_last=layout)

    @property
    def _on_gpu(self) -> bool:
        return self.material.device.type == GPU

    @property
    def _batch(self) -> int:
        return BATCH_ON_GPU if self._on_gpu else BATCH
