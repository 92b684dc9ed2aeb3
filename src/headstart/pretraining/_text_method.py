"""The contract of a pretraining method for texts: what a network should make of their tokens, as a loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn

from headstart.backbones._language import LanguageBackbone
from headstart.backbones._language_head import LanguageHead
from headstart.backbones.base import Batch
from headstart.pretraining.base import PretrainingMethod


class TextLesson(nn.Module, ABC):
    """What is learnt from texts, with the parameters that serve the learning alone.

    It may draw random numbers in :meth:`forward`, by PyTorch's own generators.
    """

    judged: ClassVar[bool] = True
    """Whether its loss on texts that were not learnt from tells how well it is learnt."""

    @abstractmethod
    def forward(self, student: LanguageBackbone, batch: Batch) -> Tensor:
        """The loss of a step, a scalar; `batch` are B passages as `student` takes them."""

    def lasting(self) -> LanguageHead | None:
        """The language head that is written beside the backbone, for going on later; None for most."""
        return None


class TextMethod(PretrainingMethod):
    """A way to learn from texts that nobody has labelled."""

    modality = "text"

    sentences: ClassVar[bool] = False
    """Whether it trains cosines of features to tell what texts mean, as a sentence encoder's do."""

    batch: ClassVar[int] = 32
    """Passages of a step."""

    @classmethod
    @abstractmethod
    def suits(cls, student: LanguageBackbone) -> int:
        """How well it suits `student` where nobody names a method; 0: it cannot learn so, 1: it can, more: better."""

    @abstractmethod
    def lesson(self, student: LanguageBackbone) -> TextLesson:
        """The lesson for `student`.

        Raises
        ------
        UsageError : such a network cannot learn so; says which method it can learn by.
        """
