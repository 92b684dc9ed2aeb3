"""The contract of a pretraining method: what a student's features of a crop should be, as a loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn


class Lesson(nn.Module, ABC):
    """What is learnt, with the parameters that serve the learning alone: they are trained too, and left behind.

    Nothing in it is random but how its parameters begin.
    """

    @abstractmethod
    def forward(self, features: Tensor, answers: Tensor) -> Tensor:
        """The loss of a step, a scalar.

        Parameters
        ----------
        features : (B, D) of the student, of B crops. answers : (B, A) the teacher's features of the same crops.
        """


class PretrainingMethod(ABC):
    """One way to pretrain. File name = plug-in name; the constructor only stores, with a default for everything."""

    summary: ClassVar[str]
    """What it does, in a sentence without its first word's capital or a full stop."""

    def check(self) -> None:  # noqa: B027 - most have nothing to check
        """Raise UsageError for settings that cannot be, before anything is computed."""


class TaughtMethod(PretrainingMethod):
    """A way to learn from a teacher."""

    maps: float = 0.0
    """The weight of the teacher's maps, place by place, where they are at hand."""

    @abstractmethod
    def lesson(self, width: int, answers: Tensor) -> Lesson:
        """The lesson for a student of features (B, `width`).

        Parameters
        ----------
        answers : (n, A) the teacher's features of some crops, to know what they are like.
        """
