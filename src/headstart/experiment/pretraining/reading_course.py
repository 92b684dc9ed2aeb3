"""Makes plans and courses of reading: how long a passage takes is found by a trial."""

from __future__ import annotations

import copy
import time
from dataclasses import replace

import torch

from headstart.core.timing import say_duration
from headstart.experiment.pretraining.courses import Courses
from headstart.experiment.pretraining.reading_material import GatheredTexts
from headstart.experiment.pretraining.reading_plan import rate_of, reading_as_asked, reading_within
from headstart.pretraining import Learner, Plan, Reading
from headstart.pretraining._text_method import TextMethod

WARM, TIMED = 1, 6
"""Steps of the trial before the clock starts, and by the clock."""


class ReadingCourse(Courses[TextMethod]):
    """The network reads all passages pass by pass."""

    material: GatheredTexts

    def asked(self, epochs: int) -> Plan:
        return reading_as_asked(len(self.material.passages), epochs, self._batch, self.rate)

    def filling(self, looking: float) -> Plan:
        each, passages = self._trial(), len(self.material.passages)
        plan = reading_within(passages, self.left - looking, each, self._batch, self.rate)
        count = plan.epochs * plan.per_epoch
        self.progress.say(
            f"  plan: {plan.epochs} epochs of {plan.per_epoch:,} passages, {count / passages:.1f} times all of them; "
            f"{1 / each:,.0f} a second; about {say_duration(count * each + looking)}."
        )
        return plan

    def course(self, plan: Plan) -> Reading:
        material = self.material
        torch.manual_seed(self.seed)
        lesson = self.method.lesson(material.student, material.task)
        return Reading(material.student, lesson, material.passages, plan, self.seed, material.device)

    def _trial(self) -> float:
        """Seconds for a passage, by a copy of the network."""
        steps = Plan(self._batch, WARM * self._batch, 2, self._batch, self.rate)
        course = self.course(steps)
        course.student, course.lesson = copy.deepcopy((course.student, course.lesson))  # which may share weights
        learner, timed = Learner(course), TIMED * self._batch
        learner.epoch(0)
        learner.course = replace(course, plan=replace(steps, per_epoch=timed))
        began = time.perf_counter()
        learner.epoch(1)
        return (time.perf_counter() - began) / timed

    @property
    def _batch(self) -> int:
        return min(self.method.batch, len(self.material.passages))

    @property
    def usual_rate(self) -> float:
        return rate_of(self.material.student, self.material.goes_on)
