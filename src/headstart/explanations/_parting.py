"""Finds the parts of an example from the form of its tensors."""

from __future__ import annotations

from typing import Any

from headstart.backbones.base import Batch, Preprocess
from headstart.explanations._parts import Parts
from headstart.explanations._pixels import PixelParts
from headstart.explanations._words import WordParts

_TOKENS = "input_ids"


def parts_of(example: Batch, raw: Any, preprocess: Preprocess) -> Parts | None:
    """Patches where a tensor (C, H, W) of floats is there; words where a tokenizer made ids of a text; else None."""
    for entry, tensor in example.items():
        if tensor.is_floating_point() and tensor.dim() == 3:
            return PixelParts(example, entry, preprocess)
    tokenizer = getattr(preprocess, "tokenizer", None)
    if tokenizer is not None and isinstance(raw, str) and _TOKENS in example:
        longest = getattr(preprocess, "max_length", len(example[_TOKENS]))
        return WordParts(example, _TOKENS, raw, tokenizer, longest)
    return None
