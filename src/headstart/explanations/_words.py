"""A text as parts: its words, which can be left out, and shown in the colour of what they speak for."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor

from headstart.backbones.base import Batch
from headstart.explanations import _marked_text
from headstart.explanations._parts import WORDS, Manner, Parts, Shown

_LONGEST_WORD = 30
NO_WORD = -1


class WordParts(Parts):
    """The words of ``example[entry]``, (L,) token ids.

    Parameters
    ----------
    text : the raw text.
    tokenizer, max_length : the fast tokenizer of transformers with which the example was made, and where it cut.

    A word is what stands between white space. A run of more than 30 characters without any, as in Chinese or in a
    link, is divided into its tokens. Tokens that are no text (class, separator, padding) belong to no word.
    """

    noun = WORDS

    def __init__(self, example: Batch, entry: str, text: str, tokenizer: Any, max_length: int) -> None:
        self.entry, self.text = entry, text
        length = int(example[entry].shape[0])
        encoded = tokenizer(text, return_offsets_mapping=True, truncation=True, max_length=max_length)
        self.spans, of_token = _divide(text, [(int(a), int(b)) for a, b in encoded["offset_mapping"]])
        self.of_token = torch.tensor(of_token + [NO_WORD] * (length - len(of_token)))
        self.count = len(self.spans)
        self.blank = _blank(tokenizer)

    def scores(self, given: Tensor) -> Tensor:
        """The sum over each word's tokens."""
        inside = self.of_token != NO_WORD
        return torch.zeros(self.count, dtype=given.dtype).index_add(0, self.of_token[inside], given.cpu()[inside])

    def without(self, example: Batch, removed: Tensor) -> Batch:
        """Texts without those words: later tokens move up, and padding follows, as if they had never stood there."""
        device = example[self.entry].device
        inside = self.of_token != NO_WORD
        gone = torch.zeros(len(removed), len(self.of_token), dtype=torch.bool)
        gone[:, inside] = removed.cpu()[:, self.of_token[inside]]
        order = gone.to(torch.int8).argsort(dim=1, stable=True).to(device)
        kept = (~gone).sum(1).to(device)
        places = torch.arange(len(self.of_token), device=device)[None]
        batch = {}
        for name, tensor in example.items():
            moved = tensor[None].expand(len(removed), -1).gather(1, order)
            # Only the mask tells padding from text; ids beyond it are never looked at, and 0 stands for them.
            batch[name] = torch.where(places < kept[:, None], moved, torch.zeros_like(moved))
        return batch

    def emptied(self, example: Batch) -> Batch:
        """A token that says least in place of every token of a word."""
        ids = example[self.entry]
        return {**example, self.entry: ids.masked_fill((self.of_token != NO_WORD).to(ids.device), self.blank)}

    def show(self, given: Tensor, original: str, manner: Manner) -> Shown:
        return Shown(_marked_text.as_html(self.text, self.spans, self.scores(given).tolist(), manner.caption))

    def coloured(self, given: Tensor) -> str:
        return _marked_text.as_ansi(self.text, self.spans, self.scores(given).tolist())

    def told(self, given: Tensor) -> list[list[Any]]:
        """``[word, score]`` in the order of the text."""
        return [
            [self.text[a:b], score] for (a, b), score in zip(self.spans, self.scores(given).tolist(), strict=True)
        ]


def _divide(text: str, offsets: list[tuple[int, int]]) -> tuple[list[tuple[int, int]], list[int]]:
    """Spans of the words that have tokens, and for each token the place of its word.

    `offsets` are the tokens' first and last characters, (0, 0) for those that are no text.
    """
    run_of = {i: run.span() for run in re.finditer(r"\S+", text) for i in range(*run.span())}
    spans: list[tuple[int, int]] = []
    of_token = []
    for first, last in offsets:
        while first < last and text[first].isspace():
            first += 1
        if first >= last:
            of_token.append(NO_WORD)
            continue
        run = run_of[first]
        span = run if run[1] - run[0] <= _LONGEST_WORD else (first, last)
        if not spans or spans[-1] != span:
            spans.append(span)
        of_token.append(len(spans) - 1)
    return spans, of_token


def _blank(tokenizer: Any) -> int:
    """The token that says least: padding, else the mask, else the unknown one."""
    choices = (tokenizer.pad_token_id, tokenizer.mask_token_id, tokenizer.unk_token_id, 0)
    return int(next(token for token in choices if token is not None))
