"""A course of reading: a network learns from the texts themselves, or from their labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from headstart.backbones.base import Batch
from headstart.backbones.texts.language import LanguageBackbone
from headstart.backbones.texts.language_head import LanguageHead
from headstart.pretraining._course import Course
from headstart.pretraining._passages import Passages
from headstart.pretraining._text_method import TextLesson


@dataclass
class Reading(Course):
    """``shown`` are passages, and the lesson makes a loss of them."""

    student: LanguageBackbone
    lesson: TextLesson[LanguageBackbone]
    shown: Passages

    @property
    def head(self) -> LanguageHead | None:
        return self.lesson.lasting()

    def loss(self, batch: Batch, wanted: Any) -> Tensor:
        loss: Tensor = self.lesson(self.student, batch, wanted.values)
        return loss
