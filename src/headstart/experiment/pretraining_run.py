"""Runs a pretraining on pictures: the student learns what its teacher answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from headstart.core.errors import UsageError
from headstart.core.spec import AUTO
from headstart.experiment.courses import PictureCourses
from headstart.experiment.pretrained_folder import Pretrained
from headstart.experiment.pretraining_material import COURSES, Gathered, names_of
from headstart.experiment.pretraining_state import AFTER, BEFORE, TEACHER, Reached
from headstart.experiment.running import Running
from headstart.experiment.stored_course import StoredCourse
from headstart.experiment.streamed_course import GPU, StreamedCourse
from headstart.pretraining import Plan
from headstart.pretraining.base import TaughtMethod


@dataclass
class Run(Running[Pretrained]):
    """The pretraining of a network for pictures."""

    material: Gathered
    method: TaughtMethod

    @cached_property
    def _courses(self) -> PictureCourses:
        """As the plan of a killed run says, as asked for, or as suits the device."""
        begun, material = self._begun_plan, self.material
        wanted = material.wish.course if begun is None else COURSES[int(begun.streamed)]
        streams = material.device.type == GPU if wanted == AUTO else wanted == COURSES[1]
        if material.wish.side is not None and not streams:
            raise UsageError("--size is for streamed courses: add --course streamed, or leave it out.")
        made = StreamedCourse if streams else StoredCourse
        return made(material, self.method, self.stopwatch, self.progress, self._deadline)

    def _first_outputs(self) -> dict[str, Tensor]:
        """Outputs of the probe before anything is learnt, the student's and its teacher's."""
        if (probe := self.material.probe) is None:
            return {}
        networks = {TEACHER: self.material.teacher, BEFORE: self.material.student}
        outputs = {name: probe.outputs(network) for name, network in networks.items()}
        student, teacher = (probe.said(outputs[name]) for name in (BEFORE, TEACHER))
        self.progress.say(f"  before: {student}; the teacher's {teacher}")
        return outputs

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
            source=names_of(material.wish.spec.data),
            pictures=len(material.pictures.examples),
            crops=plan.crops,
            epochs=reached.epoch,
            losses=reached.losses,
            looks=reached.looks,
            stopped_because=reached.stopped,
            seconds=self.stopwatch.total,
            probe=probed,
        )
