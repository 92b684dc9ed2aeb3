"""Runs a pretraining: the teacher answers once, a plan fills the time, and the student learns."""

from __future__ import annotations

import copy
import json
import time
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from headstart.core.files import write_json
from headstart.core.progress import Progress
from headstart.core.timing import Stopwatch, say_duration
from headstart.experiment.pretrained_folder import Pretrained
from headstart.experiment.pretraining_material import Gathered
from headstart.experiment.pretraining_plan import (
    BATCH,
    RATE,
    RATE_ON,
    ROUNDS,
    answered_within,
    as_asked,
    looks_within,
    usual_epoch,
    within,
)
from headstart.experiment.pretraining_state import AFTER, BEFORE, TEACHER, Reached
from headstart.experiment.schooling import Schooling
from headstart.frozen.activations import FrozenPart
from headstart.frozen.choosing import Engines
from headstart.frozen.frontier import WHOLE, whole_features
from headstart.frozen.inputs import Inputs
from headstart.pretraining import Course, Learner, Plan, crops_of
from headstart.pretraining.base import PretrainingMethod

SAMPLE = 256
"""Crops that tell what the teacher's features are like, and how long a step takes."""

FOR_THE_END = 0.03
"""The share of the budget that is left for writing."""

PLAN, LEARNING = "plan.json", "learning"


@dataclass
class Run:
    """One pretraining with what was gathered; ``folder`` holds what it goes on from after a kill."""

    material: Gathered
    method: PretrainingMethod
    folder: Path
    stopwatch: Stopwatch
    progress: Progress

    def learnt(self) -> Pretrained:
        """Teach the student; it is then what it was at its best."""
        outputs = {} if self._begun else self._first_outputs()
        plan = self._plan()
        self._part.engines.recorded_in(self.folder)  # for a resumed run; the plan may have tried several
        learner = Learner(self._course(plan))
        reached = Reached(outputs=outputs)
        if self._begun:
            reached = Reached.load(self.folder / LEARNING, learner)
            self.stopwatch.credit(reached.seconds)
        schooling = Schooling(
            learner, self.material.probe, self.folder / LEARNING, self.stopwatch, self._deadline, self.progress
        )
        return self._result(schooling.run(reached), plan)

    @property
    def _begun(self) -> bool:
        return (self.folder / LEARNING).is_dir()

    @property
    def _deadline(self) -> float:
        return self.material.wish.spec.budget * (1 - FOR_THE_END)

    @cached_property
    def _part(self) -> FrozenPart:
        """The teacher, run once for each crop."""
        material = self.material
        frontier, engines = whole_features(material.teacher), Engines(material.wish.spec.engine)
        return FrozenPart(frontier, engines, material.store, material.device, self.stopwatch, self.progress)

    def _first_outputs(self) -> dict[str, Tensor]:
        """Outputs of the probe before anything is learnt, the student's and its teacher's."""
        if (probe := self.material.probe) is None:
            return {}
        networks = {TEACHER: self.material.teacher, BEFORE: self.material.student}
        outputs = {name: probe.outputs(network) for name, network in networks.items()}
        student, teacher = (probe.said(outputs[name]) for name in (BEFORE, TEACHER))
        self.progress.say(f"  before: {student}; the teacher's {teacher}")
        return outputs

    def _plan(self) -> Plan:
        """The plan that a killed run had, the one asked for, or the one that fills the budget."""
        file, pictures = self.folder / PLAN, len(self.material.pictures.examples)
        rate = RATE_ON if self.material.goes_on else RATE
        if file.is_file():
            return Plan(**json.loads(file.read_text(encoding="utf-8")))
        epochs = self.material.wish.epochs
        plan = self._filling(pictures, rate) if epochs is None else as_asked(pictures, epochs, rate)
        write_json(file, asdict(plan))
        return plan

    def _filling(self, pictures: int, rate: float) -> Plan:
        """The plan that fills what is left of the budget, by a trial of the teacher and of the student."""
        teacher_each = self._teacher_each(pictures)
        student_each = self._trial(rate)
        each = self.material.probe.seconds if self.material.probe else 0.0
        left = self._deadline - self.stopwatch.total
        looks = looks_within(left, each)
        looking = looks * each
        plan = replace(within(pictures, left - looking, teacher_each, student_each, rate), looks=looks)
        seconds = plan.crops * teacher_each + plan.epochs * plan.per_epoch * student_each + looking
        self.progress.say(
            f"  plan: {plan.epochs} epochs of {plan.per_epoch:,} crops; the teacher answers for {plan.crops:,}, "
            f"once; about {say_duration(seconds)}."
        )
        return plan

    def _teacher_each(self, pictures: int) -> float:
        """Seconds for a crop by the teacher, on an engine that is chosen for as many as there is time to run."""
        sample = self._teacher_sees(SAMPLE)
        each = self._part.seconds_per_example(sample, len(sample))
        affordable = answered_within(self._deadline - self.stopwatch.total, each)
        ahead = min(affordable, ROUNDS * usual_epoch(pictures))
        return self._part.seconds_per_example(sample, ahead) if ahead > len(sample) else each

    def _trial(self, rate: float) -> float:
        """Seconds for a crop in an epoch, by a copy of the student."""
        course = self._course(Plan(SAMPLE, SAMPLE, 1, BATCH, rate))
        trial = Learner(replace(course, student=copy.deepcopy(self.material.student)))
        began = time.perf_counter()
        trial.epoch(0)
        return (time.perf_counter() - began) / SAMPLE

    def _course(self, plan: Plan) -> Course:
        """What is learnt by `plan`; the teacher answers for all its crops first."""
        material, seed = self.material, self.material.wish.spec.seed
        answers = self._part.over(self._teacher_sees(plan.crops))
        sample = answers.batch(range(min(SAMPLE, plan.crops)))[WHOLE]
        torch.manual_seed(seed)
        lesson = self.method.lesson(material.student.feature_size, sample)
        crops = replace(answers.inputs, preprocess=material.student_sees)
        return Course(material.student, lesson, crops, answers, plan, seed, material.device)

    def _teacher_sees(self, count: int) -> Inputs:
        material = self.material
        pictures, fingerprints = material.pictures.examples, material.pictures.fingerprints
        kind, seed = material.modality, material.wish.spec.seed
        return crops_of(pictures, fingerprints, kind, material.teacher_sees, count, seed, self.stopwatch)

    def _result(self, reached: Reached, plan: Plan) -> Pretrained:
        material, probed = self.material, None
        if material.probe is not None:
            probed = material.probe.compared(*(reached.outputs[name] for name in (BEFORE, AFTER, TEACHER)))
        return Pretrained(
            backbone=str(material.wish.out),
            teacher=material.teacher.card.name,
            student=material.student.card.name,
            random_weights=not material.goes_on,
            method=material.wish.method,
            licence=material.licence,
            source=Path(str(material.wish.spec.data)).resolve().name,
            pictures=len(material.pictures.examples),
            crops=plan.crops,
            epochs=reached.epoch,
            losses=reached.losses,
            looks=reached.looks,
            stopped_because=reached.stopped,
            seconds=self.stopwatch.total,
            probe=probed,
        )
