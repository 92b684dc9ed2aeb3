"""Runs a pretraining on texts: a network learns from passages, judged by a probe or by passages it has not met."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from headstart.backbones._language_head import LanguageHead
from headstart.experiment.pretrained_texts import PretrainedTexts
from headstart.experiment.pretraining_material import names_of
from headstart.experiment.pretraining_state import AFTER, BEFORE, Reached
from headstart.experiment.pretraining_watch import UnmetPassages, Watch
from headstart.experiment.reading_course import ReadingCourse
from headstart.experiment.reading_material import GatheredTexts
from headstart.experiment.running import Running
from headstart.pretraining import Learner, Plan, Reading
from headstart.pretraining._text_method import TextMethod


@dataclass
class ReadingRun(Running[PretrainedTexts]):
    """The pretraining of a network for texts; ``head`` is what of its lesson is written beside it."""

    material: GatheredTexts
    method: TextMethod
    head: LanguageHead | None = None
    noun = "passages"

    @cached_property
    def _courses(self) -> ReadingCourse:
        return ReadingCourse(self.material, self.method, self.stopwatch, self.progress, self._deadline)

    def _first_outputs(self) -> dict[str, Tensor]:
        """Outputs of the probe before anything is learnt."""
        if (probe := self.material.probe) is None:
            return {}
        outputs = probe.outputs(self.material.student)
        self.progress.say(f"  before: {probe.said(outputs)}")
        return {BEFORE: outputs}

    def _watch(self, learner: Learner) -> Watch | None:
        course = learner.course
        if not isinstance(course, Reading):
            raise TypeError("passages are read in a course of reading")
        self.head = course.lesson.lasting()
        unmet, probe = self.material.unmet, super()._watch(learner)
        if probe is not None or unmet is None or not course.lesson.judged:
            return probe
        watch = UnmetPassages(course, unmet)
        self._unmet_before = watch.outputs(course.student)
        self._unmet = watch
        self.progress.say(f"  before: {watch.said(self._unmet_before)}")
        return watch

    def _result(self, reached: Reached, plan: Plan) -> PretrainedTexts:
        material, outputs = self.material, reached.outputs
        probed = material.probe.compared(outputs[BEFORE], outputs[AFTER], None) if material.probe else None
        watch = vars(self).get("_unmet")
        losses = None if watch is None else (watch.figure(self._unmet_before), watch.figure(outputs[AFTER]))
        return PretrainedTexts(
            backbone=str(material.wish.out),
            student=material.student.card.name,
            random_weights=not material.goes_on,
            method=material.method_name,
            licence=material.student.card.licence,
            source=names_of(material.wish.spec.data),
            texts=len(material.texts.examples),
            passages=len(material.passages),
            epochs=reached.epoch,
            read=reached.epoch * plan.per_epoch,
            losses=reached.losses,
            looks=reached.looks,
            stopped_because=reached.stopped,
            seconds=self.stopwatch.total,
            probe=probed,
            unmet=losses,
        )
