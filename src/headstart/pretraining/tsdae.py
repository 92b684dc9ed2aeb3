"""TSDAE: most words of a text are deleted, and a decoder tells the whole text from the vector of what is left."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from headstart.backbones.base import Batch
from headstart.backbones.texts.language import LanguageBackbone
from headstart.backbones.texts.language_head import LanguageHead, language_head
from headstart.backbones.texts.tied_decoder import TiedDecoder, can_decode, tied_decoder
from headstart.core.errors import UsageError
from headstart.pretraining._text_method import TextLesson, TextMethod
from headstart.pretraining._tokens import said_tokens, uniform
from headstart.tasks.base import Task


class Tsdae(TextMethod):
    """Loss = mean -log p(token | those before it, h) over the whole text, h the vector of the rest of it.

    The decoder has the encoder's weights, and attends to h in each layer (Wang et al. 2021, arXiv:2104.06979).

    Parameters
    ----------
    deletion : the share of tokens that are deleted.
    """

    summary = "tells a whole text from the vector of what is left of it"
    sentences = True

    def __init__(self, deletion: float = 0.6) -> None:
        self.deletion = deletion

    def check(self) -> None:
        if not 0 < self.deletion < 1:
            raise UsageError(f"tsdae:deletion={self.deletion:g} must lie between 0 and 1.")

    @classmethod
    def suits(cls, student: LanguageBackbone) -> int:
        return 1 if can_decode(student) else 0

    def lesson(self, student: LanguageBackbone, task: Task | None) -> Rebuilding:
        if not self.suits(student):
            raise UsageError(
                f"transformers makes no decoder of an architecture like that of {student.card.name}, so it cannot "
                "learn by tsdae; leave --method out for one that suits it."
            )
        return Rebuilding(tied_decoder(student), language_head(student), self.deletion)


class Rebuilding(TextLesson[LanguageBackbone]):
    """The decoder reads the text itself, shifted by one, and the vector alone of what is left."""

    def __init__(self, decoder: TiedDecoder, head: LanguageHead, deletion: float) -> None:
        super().__init__()
        self.decoder, self.head, self.deletion = decoder, head, deletion

    def forward(self, student: LanguageBackbone, batch: Batch, targets: Tensor) -> Tensor:
        vectors = student.features(left_over(batch, said_tokens(batch, student.tokenizer), self.deletion))
        ids, told = batch["input_ids"][:, 1:], batch["attention_mask"][:, 1:].bool()
        states = self.decoder(batch, vectors)[:, :-1]
        scores = self.head(states[told], student.token_vectors())
        return functional.cross_entropy(scores.float(), ids[told])


def left_over(batch: Batch, said: Tensor, deletion: float) -> Batch:
    """`batch` without a share of the tokens marked in `said` (B, L); the others move up, and one of each stays."""
    draws = uniform(said).masked_fill(~said, -1.0)
    last = draws == draws.max(dim=1, keepdim=True).values
    kept = batch["attention_mask"].bool() & (~said | (draws >= deletion) | last)
    order = torch.argsort((~kept).int(), dim=1, stable=True)
    length = int(kept.sum(dim=1).max())
    moved = {name: tensor.gather(1, order)[:, :length] for name, tensor in batch.items()}
    return {**moved, "attention_mask": kept.gather(1, order)[:, :length].to(batch["attention_mask"].dtype)}
