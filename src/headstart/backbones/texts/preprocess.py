"""Turns one text into token ids of a length that is a multiple of 8."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

import torch

from headstart.backbones.base import Batch, Preprocess
from headstart.core.files import digest

_MULTIPLE = 8


class TextPreprocess(Preprocess):
    """A string → ``{"input_ids": (L,), "attention_mask": (L,)}`` and ``token_type_ids`` where the model takes it.

    Parameters
    ----------
    tokenizer : a fast tokenizer of transformers.
    max_length : texts are cut after so many tokens.
    inputs : the names of the tensors that the model takes.
    """

    views = 1
    lengths_differ = True

    def __init__(self, tokenizer: Any, max_length: int, inputs: tuple[str, ...]) -> None:
        self.tokenizer, self.max_length, self.inputs = tokenizer, max_length, inputs
        ends = (tokenizer.pad_token_id, tokenizer.eos_token_id, 0)
        self._padding = next(token for token in ends if token is not None)

    def __call__(self, raw: str, view: int = 0, key: str = "") -> Batch:
        if view:
            raise ValueError("a text has one view only")
        encoded = self.tokenizer(str(raw), truncation=True, max_length=self.max_length)
        return self._padded(encoded["input_ids"], encoded.get("token_type_ids"))

    def parts(self, raw: str) -> list[Batch]:
        """The whole of a text, however long: as many inputs one after the other as it takes."""
        encoded = self.tokenizer(
            str(raw), truncation=True, max_length=self.max_length, return_overflowing_tokens=True
        )
        types = encoded.get("token_type_ids") or [None] * len(encoded["input_ids"])
        return [self._padded(ids, of_ids) for ids, of_ids in zip(encoded["input_ids"], types, strict=True)]

    def _padded(self, ids: list[int], types: list[int] | None) -> Batch:
        # an empty text of a tokenizer without special tokens still needs one token to attend to
        ids = ids or [self._padding]
        mask = [1] * len(ids)
        types = list(types or [0] * len(ids))
        columns = {"input_ids": (ids, self._padding), "attention_mask": (mask, 0), "token_type_ids": (types, 0)}
        missing = -len(ids) % _MULTIPLE
        return {
            name: torch.tensor(values + [fill] * missing)
            for name, (values, fill) in columns.items()
            if name in self.inputs
        }

    @cached_property
    def _tokenizer_digest(self) -> str:
        """Computed once: writing out a vocabulary takes as long as reading many activations."""
        return tokenizer_digest(self.tokenizer)

    def describe(self) -> dict[str, Any]:
        return {
            "max_length": self.max_length,
            "inputs": list(self.inputs),
            "padding": self._padding,
            "multiple": _MULTIPLE,
            "tokenizer": self._tokenizer_digest,
            "truncation": self.tokenizer.truncation_side,
        }


def tokenizer_digest(tokenizer: Any) -> str:
    """Of what it makes of texts before they are cut and filled up, which each call says anew and it writes down."""
    plain = json.loads(tokenizer.backend_tokenizer.to_str())
    return digest(json.dumps({key: value for key, value in plain.items() if key not in ("truncation", "padding")}))
