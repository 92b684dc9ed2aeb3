"""Tokenizers that no network had to learn: the bytes of a text, or its characters by a list of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headstart.core.errors import HeadstartError
from headstart.core.files import read_json

BYTES = 256
NONE, BEGIN = "[NONE]", "<s>"
"""What has the id 0: padding, and characters that are not listed. And the token before a text, where it is listed."""


def byte_tokenizer() -> Any:
    """A fast tokenizer of transformers whose ids are the bytes of a text in UTF-8."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    tokenizer = Tokenizer(models.BPE(vocab=_spelled_bytes(), merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    return _fast(tokenizer)


def character_tokenizer(listed: Mapping[str, int]) -> Any:
    """A fast tokenizer of transformers that gives each character its id in `listed`, and 0 where it has none."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordLevel({**listed, NONE: 0}, unk_token=NONE))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    if BEGIN in listed:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{BEGIN} $A", special_tokens=[(BEGIN, listed[BEGIN])]
        )
    return _fast(tokenizer)


def read_characters(file: Path, known: int) -> dict[str, int]:
    """The characters that `file` lists, each with its id, as JSON.

    Parameters
    ----------
    known : of how many tokens the network has vectors; ids lie between 1 and this.

    Raises
    ------
    HeadstartError : it is no such list.
    """
    listed = read_json(file, {})
    if not listed:
        raise HeadstartError(f"{file}: holds no JSON object of characters and their ids.")
    wrong = [name for name, place in listed.items() if type(place) is not int or not 0 < place < known]
    if wrong:
        given = f"{wrong[0]!r} has the id {listed[wrong[0]]!r}"
        raise HeadstartError(f"{file}: {given}; ids lie between 1 and {known - 1}, and 0 is kept for padding.")
    if len(set(listed.values())) < len(listed):
        raise HeadstartError(f"{file}: an id stands for two characters.")
    return listed


def _spelled_bytes() -> dict[str, int]:
    """Each byte by the character that spells it in byte-level tokenizers: printable ones spell themselves."""
    from tokenizers import pre_tokenizers

    alphabet = pre_tokenizers.ByteLevel.alphabet()
    others = iter(sorted(character for character in alphabet if ord(character) >= BYTES))
    return {chr(byte) if chr(byte) in alphabet else next(others): byte for byte in range(BYTES)}


def _fast(tokenizer: Any) -> Any:
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_input_names=["input_ids", "attention_mask"])
