"""The contract of a pretraining method: what a network should make of pictures, or of texts, as a loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Generic, TypeVar

from torch import Tensor, nn

from headstart.backbones.base import Backbone, Batch
from headstart.tasks.base import Task

Network = TypeVar("Network", bound=Backbone, contravariant=True)
"""The kind of network that learns."""

BROAD = (0.08, 1.0)
"""Least and largest share of a picture's area that a crop shows, unless a method says otherwise."""


class Lesson(nn.Module, ABC):
    """What is learnt from a teacher, with the parameters that serve the learning alone: they are trained too, and
    left behind.

    Nothing in it is random but how its parameters begin.
    """

    @abstractmethod
    def forward(self, features: Tensor, answers: Tensor) -> Tensor:
        """The loss of a step, a scalar.

        Parameters
        ----------
        features : (B, D) of the student, of B crops. answers : (B, A) the teacher's features of the same crops.
        """


class OwnLesson(nn.Module, ABC, Generic[Network]):
    """What a network learns from crops or passages alone, or from their labels; its own parameters are trained and
    left behind.

    It may draw random numbers in :meth:`forward`, by PyTorch's own generators.
    """

    @abstractmethod
    def forward(self, student: Network, batch: Batch, targets: Tensor) -> Tensor:
        """The loss of a step, a scalar.

        Parameters
        ----------
        batch : B crops or passages, as `student` takes them. Where the method asks for several crops of each picture,
            all pictures follow each other once, then once more in the same order.
        targets : (B,) or (B, C) as the task has encoded them, one for each; (B, 0) where none are asked for.
        """


class PretrainingMethod(ABC):
    """One way to pretrain. File name = plug-in name; the constructor only stores, with a default for everything.

    It is a :class:`TaughtMethod` or an :class:`OwnMethod`, or for texts a
    :class:`~headstart.pretraining._text_method.TextMethod`; one that learns of both in the same way is both of the
    last.
    """

    modalities: ClassVar[tuple[str, ...]]
    """The kinds of inputs that it is for."""

    labelled: ClassVar[bool] = False
    """Whether it learns from targets."""

    summary: ClassVar[str]
    """What it does, in a sentence without its first word's capital or a full stop."""

    def check(self) -> None:  # noqa: B027 - most have nothing to check
        """Raise UsageError for settings that cannot be, before anything is computed."""

    def meaningless(self, modality: str) -> list[str]:
        """Of a method for several kinds of inputs, the settings that were given and mean nothing for this one."""
        return []


class PictureMethod(PretrainingMethod):
    """A way to learn from crops of pictures."""

    modalities: ClassVar[tuple[str, ...]] = ("image",)


class TaughtMethod(PictureMethod):
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


class OwnMethod(PictureMethod):
    """A way to learn without a teacher."""

    each: int = 1
    """Crops of the same picture in a step."""

    scale: tuple[float, float] = BROAD
    """Least and largest share of a picture's area that a crop shows."""

    @abstractmethod
    def lesson(self, student: Backbone, task: Task | None) -> OwnLesson[Backbone]:
        """The lesson for `student`.

        Parameters
        ----------
        task : what the targets mean; None where none are asked for.

        Raises
        ------
        UsageError : such a network cannot learn so.
        """
