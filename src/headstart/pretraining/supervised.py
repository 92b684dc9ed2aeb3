"""Supervised pretraining: a head for the targets of a labelled set is learnt with the network, and left behind."""

from __future__ import annotations

from torch import Tensor

from headstart.backbones.base import Backbone, Batch
from headstart.backbones.texts.language import LanguageBackbone
from headstart.core.errors import UsageError
from headstart.pretraining._text_method import TextLesson, TextMethod
from headstart.pretraining.base import BROAD, OwnMethod, PictureMethod
from headstart.tasks.base import Task


class Supervised(OwnMethod, TextMethod):
    """The loss of the task that the targets make: cross-entropy, of classes. Pictures and texts have targets alike.

    Parameters
    ----------
    smoothing : of the classes, at least 0 and less than 1 (Szegedy et al. 2016, arXiv:1512.00567).
    smallest : of pictures, the share of the area that a crop shows at least, more than 0 and at most 1; that of most
        methods unless given.
    """

    summary = "learns the targets of a labelled set, and leaves its head behind"

    modalities = (*PictureMethod.modalities, *TextMethod.modalities)

    labelled = True

    def __init__(self, smoothing: float = 0.1, smallest: float | None = None) -> None:
        self.smoothing, self.smallest = smoothing, smallest
        self.scale = BROAD if smallest is None else (smallest, 1.0)

    def check(self) -> None:
        if not 0 <= self.smoothing < 1 or not 0 < self.scale[0] <= 1:
            raise UsageError(
                f"supervised:smoothing={self.smoothing:g},smallest={self.scale[0]:g} cannot be: the first must be at "
                "least 0 and less than 1, the second more than 0 and at most 1."
            )

    def meaningless(self, modality: str) -> list[str]:
        of_crops = modality not in PictureMethod.modalities and self.smallest is not None
        return ["smallest"] if of_crops else []

    @classmethod
    def suits(cls, student: LanguageBackbone) -> int:
        return 1

    def lesson(self, student: Backbone, task: Task | None) -> ByTargets:
        if task is None:
            raise UsageError("supervised learns from targets, and there are none.")
        return ByTargets(student.feature_size, task, self.smoothing)


class ByTargets(TextLesson[Backbone]):
    """Loss = L(W f + b, y), with f (B, D) the features of crops or passages and L the loss of `task`."""

    def __init__(self, features: int, task: Task, smoothing: float) -> None:
        super().__init__()
        self.task, self.smoothing, self.head = task, smoothing, task.head(features)

    def forward(self, student: Backbone, batch: Batch, targets: Tensor) -> Tensor:
        outputs = self.head(student.features(batch)).float()
        return self.task.loss(outputs, targets, smoothing=self.smoothing)
