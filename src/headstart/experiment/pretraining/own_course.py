"""A course without a teacher, streamed: the device cuts ever new crops, and the network learns from those alone."""

from __future__ import annotations

from functools import cached_property

import torch

from headstart.experiment.pretraining.plan import RATE
from headstart.experiment.pretraining.streaming import Streaming
from headstart.frozen.inputs import Inputs
from headstart.pretraining import Course, OwnCourse, OwnCrops, Plan, Turns
from headstart.pretraining.base import OwnMethod

RATE_ON_ALONE = 1e-4
"""AdamW's peak rate for a network that has learnt before: no teacher's features keep it from losing what it knows."""


class WithoutTeacher(Streaming[OwnMethod]):
    """The plan and the trial are those of any streamed course; what is shown, and the loss, are the method's own."""

    def course(self, plan: Plan) -> Course:
        material = self.material
        torch.manual_seed(self.seed)
        lesson = self.method.lesson(material.student, material.task)
        what = (material.student, lesson, self._shown, plan, self.seed, material.device)
        return OwnCourse(*what, reduced=self._on_gpu, holds=material.goes_on)

    @property
    def usual_rate(self) -> float:
        return RATE_ON_ALONE if self.material.goes_on else RATE

    @property
    def _turns(self) -> Turns:
        return self._shown.turns

    @property
    def _views(self) -> int:
        return self.method.each

    @cached_property
    def _shown(self) -> OwnCrops:
        material = self.material
        pictures, sees = material.pictures, material.student_sees
        inputs = Inputs(pictures.examples, material.modality, sees, pictures.fingerprints, self.stopwatch)
        side = material.wish.side or sees.size
        turns = Turns(inputs, side, self.seed, material.device, self._room)
        return OwnCrops(turns, sees, self.method.each, self.method.scale, material.targets, self.seed)
