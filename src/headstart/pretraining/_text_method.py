"""The contract of a pretraining method for texts: what a network should make of their tokens, as a loss."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from headstart.backbones.texts.language import LanguageBackbone
from headstart.backbones.texts.language_head import LanguageHead
from headstart.pretraining.base import Network, OwnLesson, PretrainingMethod
from headstart.tasks.base import Task


class TextLesson(OwnLesson[Network]):
    """What is learnt from passages of texts, or from their labels."""

    judged: ClassVar[bool] = True
    """Whether its loss on texts that were not learnt from tells how well it is learnt."""

    def lasting(self) -> LanguageHead | None:
        """The language head that is written beside the backbone, for going on later; None for most."""
        return None


class TextMethod(PretrainingMethod):
    """A way to learn from texts."""

    modalities: ClassVar[tuple[str, ...]] = ("text",)

    sentences: ClassVar[bool] = False
    """Whether it trains cosines of features to tell what texts mean, as a sentence encoder's do."""

    batch: ClassVar[int] = 32
    """Passages of a step."""

    @classmethod
    @abstractmethod
    def suits(cls, student: LanguageBackbone) -> int:
        """How well it suits `student` where nobody names a method; 0: it cannot learn so, 1: it can, more: better."""

    @abstractmethod
    def lesson(self, student: LanguageBackbone, task: Task | None) -> TextLesson[LanguageBackbone]:
        """The lesson for `student`.

        Parameters
        ----------
        task : what the targets mean; None where none are asked for.

        Raises
        ------
        UsageError : such a network cannot learn so; says which method it can learn by.
        """
