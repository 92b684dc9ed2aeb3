"""Runs a pretraining: a plan fills the time, and the student learns what its teacher answers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import Tensor

from headstart.core.errors import UsageError
from headstart.core.files import write_json
from headstart.core.progress import Progress
from headstart.core.spec import AUTO
from headstart.core.timing import Stopwatch
from headstart.experiment.courses import Courses
from headstart.experiment.own_course import WithoutTeacher
from headstart.experiment.pretrained_folder import Pretrained
from headstart.experiment.pretraining_material import COURSES, Gathered, names_of
from headstart.experiment.pretraining_plan import looks_within
from headstart.experiment.pretraining_state import AFTER, BEFORE, TEACHER, Reached
from headstart.experiment.schooling import Schooling
from headstart.experiment.stored_course import StoredCourse
from headstart.experiment.streamed_course import StreamedCourse
from headstart.experiment.streaming import GPU
from headstart.pretraining import Learner, Plan, Spread
from headstart.pretraining.base import OwnMethod, PretrainingMethod

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
        self._courses.recorded_in(self.folder)  # for a resumed run; the plan may have tried several
        learner = Learner(self._courses.course(plan))
        spread, reached = Spread(learner.course), Reached(outputs=outputs)
        if self._begun:
            reached = Reached.load(self.folder / LEARNING, learner)
            self.stopwatch.credit(reached.seconds)
        schooling = Schooling(
            learner,
            spread,
            self.material.probe,
            self.folder / LEARNING,
            self.stopwatch,
            self._deadline,
            self.progress,
        )
        return self._result(schooling.run(reached), plan)

    @property
    def _begun(self) -> bool:
        return (self.folder / LEARNING).is_dir()

    @property
    def _deadline(self) -> float:
        return self.material.wish.spec.budget * (1 - FOR_THE_END)

    @cached_property
    def _courses(self) -> Courses[Any]:
        """Without a teacher; or as the plan of a killed run says, as asked for, or as suits the device."""
        begun, material = self._begun_plan, self.material
        if isinstance(self.method, OwnMethod):
            return WithoutTeacher(material, self.method, self.stopwatch, self.progress, self._deadline)
        wanted = material.wish.course if begun is None else COURSES[int(begun.streamed)]
        streams = material.device.type == GPU if wanted == AUTO else wanted == COURSES[1]
        if material.wish.side is not None and not streams:
            raise UsageError("--size is for streamed courses: add --course streamed, or leave it out.")
        made: type[Courses[Any]] = StreamedCourse if streams else StoredCourse
        return made(material, self.method, self.stopwatch, self.progress, self._deadline)

    def _first_outputs(self) -> dict[str, Tensor]:
        """Outputs of the probe before anything is learnt, the student's and its teacher's where it has one."""
        if (probe := self.material.probe) is None:
            return {}
        networks = {BEFORE: self.material.student}
        if (taught_by := self.material.taught_by) is not None:
            networks[TEACHER] = taught_by.network
        outputs = {name: probe.outputs(network) for name, network in networks.items()}
        said = {name: probe.said(of_network) for name, of_network in outputs.items()}
        of_teacher = f"; the teacher's {said[TEACHER]}" if TEACHER in said else ""
        self.progress.say(f"  before: {said[BEFORE]}{of_teacher}")
        return outputs

    @property
    def _begun_plan(self) -> Plan | None:
        file = self.folder / PLAN
        return Plan(**json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None

    def _plan(self) -> Plan:
        """The plan that a killed run had, the one asked for, or the one that fills the budget."""
        if (begun := self._begun_plan) is not None:
            return begun
        epochs = self.material.wish.epochs
        plan = self._filling() if epochs is None else self._courses.asked(epochs)
        write_json(self.folder / PLAN, asdict(plan))
        return plan

    def _filling(self) -> Plan:
        """The plan that fills what is left of the budget; a part of it is for looks at the probe."""
        each = self.material.probe.seconds if self.material.probe else 0.0
        looks = looks_within(self._courses.left, each)
        return replace(self._courses.filling(looks * each), looks=looks)

    def _result(self, reached: Reached, plan: Plan) -> Pretrained:
        material, probed = self.material, None
        if material.probe is not None:
            probed = material.probe.compared(
                reached.outputs[BEFORE], reached.outputs[AFTER], reached.outputs.get(TEACHER)
            )
        return Pretrained(
            backbone=str(material.wish.out),
            teacher=material.taught_by.network.card.name if material.taught_by else None,
            student=material.student.card.name,
            random_weights=not material.goes_on,
            method=material.wish.method,
            licence=material.licence,
            source=names_of(material.wish.spec.data),
            pictures=len(material.pictures.examples),
            crops=plan.crops,
            epochs=reached.epoch,
            losses=reached.losses,
            looks=reached.looks,
            stopped_because=reached.stopped,
            seconds=self.stopwatch.total,
            probe=probed,
            labelled=self.method.labelled,
        )
