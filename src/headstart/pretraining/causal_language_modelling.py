"""Causal language modelling: the network tells each token from those before it."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from headstart.backbones.base import Batch
from headstart.backbones.texts.language import LanguageBackbone
from headstart.backbones.texts.language_head import LanguageHead, language_head
from headstart.core.errors import UsageError
from headstart.pretraining._text_method import TextLesson, TextMethod
from headstart.tasks.base import Task


class CausalLanguageModelling(TextMethod):
    """Loss = mean -log p(token | those before it), the end of a text included where the tokenizer marks it."""

    summary = "tells each token of a text from those before it"

    @classmethod
    def suits(cls, student: LanguageBackbone) -> int:
        return 0 if student.looks_ahead else 2

    def lesson(self, student: LanguageBackbone, task: Task | None) -> Next:
        if not self.suits(student):
            raise UsageError(
                f"The states of {student.card.name} tell of the tokens that follow, so it cannot learn by "
                "causal_language_modelling; take --method masked_language_modelling."
            )
        return Next(language_head(student))


class Next(TextLesson[LanguageBackbone]):
    """States s_t tell token t + 1; no state of padding tells anything, nor is padding told."""

    def __init__(self, head: LanguageHead) -> None:
        super().__init__()
        self.head = head

    def lasting(self) -> LanguageHead:
        return self.head

    def forward(self, student: LanguageBackbone, batch: Batch, targets: Tensor) -> Tensor:
        ids, told = batch["input_ids"][:, 1:], batch["attention_mask"][:, 1:].bool()
        states = student.states(batch)[:, :-1]
        scores = self.head(states[told], student.token_vectors())
        return functional.cross_entropy(scores.float(), ids[told])
