"""A course whose teacher answers once for each of many crops: its answers are stored, and met again and again."""

from __future__ import annotations

import copy
import time
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import torch

from headstart.core.timing import say_duration
from headstart.experiment.pretraining.courses import PictureCourses
from headstart.experiment.pretraining.plan import BATCH, ROUNDS, answered_within, as_asked, usual_epoch, within
from headstart.frozen.activations import FrozenPart
from headstart.frozen.choosing import Engines
from headstart.frozen.frontier import WHOLE, whole_features
from headstart.frozen.inputs import Inputs
from headstart.pretraining import Course, Learner, Plan, Stored, crops_of
from headstart.pretraining.base import TaughtMethod

SAMPLE = 256
"""Crops that tell what the teacher's features are like, and how long a step takes."""


class StoredCourse(PictureCourses[TaughtMethod]):
    """For a machine on which the teacher's run costs as much as the student's."""

    def asked(self, epochs: int) -> Plan:
        plan = as_asked(self.pictures, epochs, self.rate)
        self._warn_of(plan)
        return plan

    def filling(self, looking: float) -> Plan:
        teacher_each, student_each = self._teacher_each(), self._trial()
        plan = within(self.pictures, self.left - looking, teacher_each, student_each, self.rate)
        seconds = plan.crops * teacher_each + plan.epochs * plan.per_epoch * student_each + looking
        self.progress.say(
            f"  plan: {plan.epochs} epochs of {plan.per_epoch:,} crops; the teacher answers for {plan.crops:,}, "
            f"once; about {say_duration(seconds)}."
        )
        return plan

    def shown(self, plan: Plan, epochs: int) -> int:
        return min(self.pictures, plan.crops, epochs * plan.per_epoch)

    def course(self, plan: Plan) -> Course:
        material, seed = self.material, self.seed
        answers = self._part.over(self._teacher_sees(plan.crops))
        sample = answers.batch(range(min(SAMPLE, plan.crops)))[WHOLE]
        torch.manual_seed(seed)
        lesson = self.method.lesson(material.student.feature_size, sample)
        crops = replace(answers.inputs, preprocess=material.student_sees)
        return Course(material.student, lesson, Stored(crops, answers, seed), plan, seed, material.device)

    def recorded_in(self, folder: Path) -> None:
        self._part.engines.recorded_in(folder)

    def _warn_of(self, plan: Plan) -> None:
        """Say where the teacher's answers that `plan` wants alone take more than what is left of the budget."""
        wanted = self._teacher_sees(plan.crops)
        if not (missing := self._part.missing(wanted)):
            return
        seconds = missing * self._part.seconds_per_example(wanted, missing)
        if seconds > self.left:
            self.progress.say(
                f"  The budget is too small: the teacher's answers for {missing:,} crops take about "
                f"{say_duration(seconds)}, and then an epoch is learnt all the same."
            )

    @cached_property
    def _part(self) -> FrozenPart:
        """The teacher, run once for each crop."""
        material = self.material
        frontier, engines = whole_features(material.teacher.network), Engines(material.wish.spec.engine)
        return FrozenPart(frontier, engines, material.store, material.device, self.stopwatch, self.progress)

    def _teacher_each(self) -> float:
        """Seconds for a crop by the teacher, on an engine that is chosen for as many as there is time to run."""
        sample = self._teacher_sees(SAMPLE)
        each = self._part.seconds_per_example(sample, len(sample))
        affordable = answered_within(self.left, each)
        ahead = min(affordable, ROUNDS * usual_epoch(self.pictures))
        return self._part.seconds_per_example(sample, ahead) if ahead > len(sample) else each

    def _trial(self) -> float:
        """Seconds for a crop in an epoch, by a copy of the student."""
        course = self.course(Plan(SAMPLE, SAMPLE, 1, BATCH, self.rate))
        trial = Learner(replace(course, student=copy.deepcopy(self.material.student)))
        began = time.perf_counter()
        trial.epoch(0)
        return (time.perf_counter() - began) / SAMPLE

    def _teacher_sees(self, count: int) -> Inputs:
        material = self.material
        pictures, fingerprints = material.pictures.examples, material.pictures.fingerprints
        return crops_of(
            pictures, fingerprints, material.modality, material.teacher.sees, count, self.seed, self.stopwatch
        )
