"""Runs a pretraining on pictures: with a teacher whose answers are stored or streamed, or without one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from headstart.backbones.base import Backbone
from headstart.core.errors import UsageError
from headstart.core.spec import AUTO
from headstart.experiment.pretraining.choice import ENGINE
from headstart.experiment.pretraining.courses import PictureCourses
from headstart.experiment.pretraining.own_course import WithoutTeacher
from headstart.experiment.pretraining.picture_material import COURSES, GatheredPictures
from headstart.experiment.pretraining.pretrained_pictures import PretrainedPictures
from headstart.experiment.pretraining.running import Running
from headstart.experiment.pretraining.state import Reached
from headstart.experiment.pretraining.stored_course import StoredCourse
from headstart.experiment.pretraining.streamed_course import StreamedCourse
from headstart.experiment.pretraining.streaming import GPU
from headstart.pretraining import Plan
from headstart.pretraining.base import OwnMethod, PictureMethod


@dataclass
class PictureRun(Running[PretrainedPictures]):
    """The pretraining of a network for pictures."""

    material: GatheredPictures
    method: PictureMethod

    @cached_property
    def _courses(self) -> PictureCourses[Any]:
        """Without a teacher; or as the plan of a killed run says, as asked for, or as suits the device."""
        begun, material = self._begun_plan, self.material
        if isinstance(self.method, OwnMethod):
            return WithoutTeacher(material, self.method, self.stopwatch, self.progress, self._deadline)
        wanted = material.wish.course if begun is None else COURSES[int(begun.streamed)]
        streams = material.device.type == GPU if wanted == AUTO else wanted == COURSES[1]
        if begun is None:
            self._check_fits(streams)
        made: type[PictureCourses[Any]] = StreamedCourse if streams else StoredCourse
        return made(material, self.method, self.stopwatch, self.progress, self._deadline)

    def _check_fits(self, streams: bool) -> None:
        """Return if all that was asked for means something in a course that `streams`, or in one that does not.

        Raises
        ------
        UsageError : something does not.
        """
        if self.material.wish.side is not None and not streams:
            raise UsageError("--size is for streamed courses: add --course streamed, or leave it out.")
        if self.material.wish.spec.engine != AUTO and streams:
            raise UsageError(ENGINE.format("on a GPU this one is streamed unless --course stored is added"))

    @property
    def _teacher(self) -> Backbone | None:
        return self.material.taught_by.network if self.material.taught_by else None

    def _result(self, reached: Reached, plan: Plan) -> PretrainedPictures:
        return PretrainedPictures(
            **self._told_of_all(reached),
            teacher=self._teacher.card.name if self._teacher else None,
            pictures=self._courses.shown(plan, reached.epoch),
            crops=min(plan.crops, reached.epoch * plan.per_epoch),
        )
