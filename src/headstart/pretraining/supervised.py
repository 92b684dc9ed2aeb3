"""Supervised pretraining: a head for the targets of a labelled set is learnt with the network, and left behind."""

from __future__ import annotations

from torch import Tensor

from headstart.backbones.base import Backbone, Batch
from headstart.core.errors import UsageError
from headstart.pretraining.base import OwnLesson, OwnMethod
from headstart.tasks.base import Task


class Supervised(OwnMethod):
    """The loss of the task that the targets make: cross-entropy, of classes.

    Parameters
    ----------
    smoothing : of the classes, at least 0 and less than 1 (Szegedy et al. 2016, arXiv:1512.00567).
    smallest : share of a picture's area that a crop shows at least, more than 0 and at most 1.
    """

    summary = "learns the targets of a labelled set, and leaves its head behind"

    labelled = True

    def __init__(self, smoothing: float = 0.1, smallest: float = 0.08) -> None:
        self.smoothing, self.scale = smoothing, (smallest, 1.0)

    def check(self) -> None:
        if not 0 <= self.smoothing < 1 or not 0 < self.scale[0] <= 1:
            raise UsageError(
                f"supervised:smoothing={self.smoothing:g},smallest={self.scale[0]:g} cannot be: the first must be at "
                "least 0 and less than 1, the second more than 0 and at most 1."
            )

    def lesson(self, student: Backbone, task: Task | None) -> OwnLesson:
        if task is None:
            raise UsageError("supervised learns from targets, and there are none.")
        return ByTargets(student.feature_size, task, self.smoothing)


class ByTargets(OwnLesson):
    """Loss = L(W f + b, y), with f (B, D) the features of the crops and L the loss of `task`."""

    def __init__(self, features: int, task: Task, smoothing: float) -> None:
        super().__init__()
        self.task, self.smoothing, self.head = task, smoothing, task.head(features)

    def forward(self, student: Backbone, crops: Batch, targets: Tensor) -> Tensor:
        outputs = self.head(student.features(crops)).float()
        return self.task.loss(outputs, targets, smoothing=self.smoothing)
