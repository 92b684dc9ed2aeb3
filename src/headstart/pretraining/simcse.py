"""SimCSE: a text is read twice under dropout, and its two vectors find each other among those of other texts."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from headstart.backbones.base import Batch
from headstart.backbones.texts.language import LanguageBackbone
from headstart.core.errors import UsageError
from headstart.pretraining._text_method import TextLesson, TextMethod
from headstart.tasks.base import Task


class Simcse(TextMethod):
    """Loss = mean_i -log softmax_j(cos(h_i, h'_j) / τ)_i (Gao et al. 2021, arXiv:2104.08821, unsupervised).

    Parameters
    ----------
    temperature : τ.
    """

    summary = "tells a text by its vector from others, each read twice under dropout"
    sentences = True
    batch = 64

    def __init__(self, temperature: float = 0.05) -> None:
        self.temperature = temperature

    def check(self) -> None:
        if self.temperature <= 0:
            raise UsageError(f"simcse:temperature={self.temperature:g} must be more than 0.")

    @classmethod
    def suits(cls, student: LanguageBackbone) -> int:
        if not student.drops:
            return 0
        return 3 if student.card.words else 1

    def lesson(self, student: LanguageBackbone, task: Task | None) -> Twice:
        if not student.drops:
            raise UsageError(
                f"{student.card.name} has no dropout, so it reads a text twice alike and cannot learn by simcse; "
                "leave --method out for one that suits it."
            )
        return Twice(self.temperature)


class Twice(TextLesson[LanguageBackbone]):
    """h, h' (B, D) are features of the same passages under two masks of dropout."""

    judged = False  # without dropout a text finds itself whatever was learnt

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, student: LanguageBackbone, batch: Batch, targets: Tensor) -> Tensor:
        return contrast(student.features(batch), student.features(batch), self.temperature)


def contrast(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """The loss of two rows of vectors (B, D), of which the i-th belong together, a scalar."""
    units = [functional.normalize(vectors.float(), dim=1) for vectors in (first, second)]
    cosines = units[0] @ units[1].T
    return functional.cross_entropy(cosines / temperature, torch.arange(len(first), device=first.device))
