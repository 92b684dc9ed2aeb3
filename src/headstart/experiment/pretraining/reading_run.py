"""Runs a pretraining on texts: a network learns from passages, judged by a probe or by passages it has not met."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from headstart.backbones.texts.language_head import LanguageHead
from headstart.core.results import Figure
from headstart.experiment.pretraining.pretrained_texts import PretrainedTexts
from headstart.experiment.pretraining.reading_course import ReadingCourse
from headstart.experiment.pretraining.reading_material import GatheredTexts
from headstart.experiment.pretraining.running import Running
from headstart.experiment.pretraining.state import AFTER, Reached
from headstart.experiment.pretraining.watch import UnmetPassages, Watch
from headstart.pretraining import Learner, Plan, Reading
from headstart.pretraining._text_method import TextMethod


@dataclass
class ReadingRun(Running[PretrainedTexts]):
    """The pretraining of a network for texts.

    ``head`` is what of its lesson is written beside it, ``unmet`` what judges it where no labelled examples do, with
    its outputs before.
    """

    material: GatheredTexts
    method: TextMethod
    head: LanguageHead | None = None
    unmet: tuple[UnmetPassages, Tensor] | None = None
    noun = "passages"

    @cached_property
    def _courses(self) -> ReadingCourse:
        return ReadingCourse(self.material, self.method, self.stopwatch, self.progress, self._deadline)

    def _watch(self, learner: Learner) -> Watch | None:
        course = learner.course
        if not isinstance(course, Reading):
            raise TypeError("passages are read in a course of reading")
        self.head = course.head
        unmet, probe = self.material.unmet, super()._watch(learner)
        if probe is not None or unmet is None or not course.lesson.judged:
            return probe
        watch = UnmetPassages(course, unmet)
        before = watch.outputs(course.student)
        self.progress.say(f"  before: {watch.said(before)}")
        self.unmet = watch, before
        return watch

    def _result(self, reached: Reached, plan: Plan) -> PretrainedTexts:
        return PretrainedTexts(
            **self._told_of_all(reached),
            texts=self.material.met,
            passages=len(self.material.passages),
            read=reached.epoch * plan.per_epoch,
            unmet=self._on_unmet(reached),
        )

    def _on_unmet(self, reached: Reached) -> tuple[Figure, Figure] | None:
        """The loss on unmet passages before and after, where it judged."""
        if self.unmet is None:
            return None
        watch, before = self.unmet
        return watch.figure(before), watch.figure(reached.outputs[AFTER])
