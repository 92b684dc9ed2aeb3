"""A course without end: no crop is met twice, and the teacher answers for the very batch that the student sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import torch

from headstart.experiment.pretraining.streaming import Streaming
from headstart.frozen.inputs import Inputs
from headstart.pretraining import Course, Places, Plan, Said, Streamed, Turns, shared_maps
from headstart.pretraining.base import TaughtMethod

SAMPLED = 4
"""Batches that tell what the teacher's answers are like."""


class StreamedCourse(Streaming[TaughtMethod]):
    """For a device on which a teacher costs less than decoding."""

    def course(self, plan: Plan) -> Course:
        material, shown = self.material, self._shown
        layout = torch.channels_last if plan.channels_last else torch.contiguous_format
        material.teacher.network.to(material.device).to(memory_format=layout)
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

    @property
    def _turns(self) -> Turns:
        return self._shown.turns

    @cached_property
    def _maps(self) -> list:
        """Maps of both networks, of the same stride, where the method asks for them."""
        return shared_maps(self.material.student, self.material.teacher.network) if self.method.maps > 0 else []

    @cached_property
    def _shown(self) -> Streamed:
        material = self.material
        pictures, sees = material.pictures, material.student_sees
        inputs = Inputs(pictures.examples, material.modality, sees, pictures.fingerprints, self.stopwatch)
        return Streamed(
            inputs,
            material.teacher.network,
            sees,
            material.teacher.sees,
            maps=[of_teacher.name for _, of_teacher in self._maps],
            side=material.wish.side or sees.size,
            seed=self.seed,
            device=material.device,
            most=self._room,
            reduced=self._on_gpu,
        )
