"""Masked language modelling: some tokens are hidden, and the network tells which they were."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from headstart.backbones.base import Batch
from headstart.backbones.texts.language import LanguageBackbone
from headstart.backbones.texts.language_head import LanguageHead, language_head
from headstart.core.errors import UsageError
from headstart.pretraining._text_method import TextLesson, TextMethod
from headstart.pretraining._tokens import said_tokens, uniform
from headstart.tasks.base import Task

MASKED, OTHER = 0.8, 0.1
"""Of the tokens that are to be told, the shares that a mask stands for, and that another token stands for."""


class MaskedLanguageModelling(TextMethod):
    """Loss = mean -log p(token | the others) over hidden tokens (Devlin et al. 2019, arXiv:1810.04805).

    Others are hidden each time that a text is met (Liu et al. 2019, arXiv:1907.11692).

    Parameters
    ----------
    rate : the share of tokens that are hidden.
    """

    summary = "tells which tokens of a text were hidden"

    def __init__(self, rate: float = 0.15) -> None:
        self.rate = rate

    def check(self) -> None:
        if not 0 < self.rate < 1:
            raise UsageError(f"masked_language_modelling:rate={self.rate:g} must lie between 0 and 1.")

    @classmethod
    def suits(cls, student: LanguageBackbone) -> int:
        return 2 if student.looks_ahead and student.tokenizer.mask_token_id is not None else 0

    def lesson(self, student: LanguageBackbone, task: Task | None) -> Hidden:
        if not self.suits(student):
            lacks = "has no token for a mask" if student.looks_ahead else "reads to the right only"
            raise UsageError(
                f"{student.card.name} {lacks}, so it cannot learn by masked_language_modelling; take --method "
                f"{'simcse' if student.looks_ahead else 'causal_language_modelling'}."
            )
        return Hidden(language_head(student), self.rate)


class Hidden(TextLesson[LanguageBackbone]):
    """Of the hidden tokens 80 % are masked, 10 % are another token, and 10 % stay, so that all states must tell."""

    def __init__(self, head: LanguageHead, rate: float) -> None:
        super().__init__()
        self.head, self.rate = head, rate

    def lasting(self) -> LanguageHead:
        return self.head

    def forward(self, student: LanguageBackbone, batch: Batch, targets: Tensor) -> Tensor:
        ids, said = batch["input_ids"], said_tokens(batch, student.tokenizer)
        chosen = drawn(said, self.rate)
        vectors = student.token_vectors()
        seen = hidden(ids, chosen, student.tokenizer.mask_token_id, len(vectors))
        states, wanted = student.states({**batch, "input_ids": seen})[chosen], ids[chosen]
        loss = functional.cross_entropy(self.head(states, vectors).float(), wanted, reduction="sum")
        return loss / max(1, len(wanted))  # of unknown words alone none is hidden


def drawn(said: Tensor, rate: float) -> Tensor:
    """(B, L) bool: a share `rate` of the tokens marked in `said` (B, L), at least one of them."""
    draws = uniform(said).masked_fill(~said, 2.0)
    return (draws < rate) | (said & (draws == draws.min()))


def hidden(ids: Tensor, chosen: Tensor, mask: int, known: int) -> Tensor:
    """`ids` (B, L) with those `chosen` hidden: by `mask`, by any of `known` tokens, or not at all."""
    how = uniform(chosen)
    others = torch.randint(known, ids.shape).to(ids)
    seen = torch.where(chosen & (how < MASKED), torch.full_like(ids, mask), ids)
    return torch.where(chosen & (how >= MASKED) & (how < MASKED + OTHER), others, seen)
