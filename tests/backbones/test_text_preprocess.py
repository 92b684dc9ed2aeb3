"""Texts become ids of a length that is a multiple of 8, cut at the longest allowed."""

from __future__ import annotations

import pytest

from headstart.backbones.base import Preprocess
from headstart.backbones.texts.entailment import EntailmentPreprocess
from headstart.backbones.texts.preprocess import TextPreprocess
from headstart.backbones.texts.tiny_texts import tiny_tokenizer

INPUTS = ("input_ids", "attention_mask")


@pytest.mark.parametrize(
    ("words", "length"), [(0, 8), (1, 8), (6, 8), (7, 16), (14, 16), (15, 24), (40, 48), (500, 48)]
)
def test_lengths(words: int, length: int) -> None:
    """Two special tokens stand around the words; the tokenizer allows 48."""
    batch = TextPreprocess(tiny_tokenizer("bert"), 48, INPUTS)(" ".join(["fox"] * words))
    assert batch["input_ids"].shape == batch["attention_mask"].shape == (length,)
    assert int(batch["attention_mask"].sum()) == min(words + 2, 48)


def test_only_the_tensors_asked_for() -> None:
    tokenizer = tiny_tokenizer("bert")
    assert list(TextPreprocess(tokenizer, 48, INPUTS)("the fox")) == list(INPUTS)
    types = TextPreprocess(tokenizer, 48, (*INPUTS, "token_type_ids"))("the fox")["token_type_ids"]
    assert types.tolist() == [0] * 8


def test_an_empty_text_without_special_tokens_keeps_one_token() -> None:
    tokenizer = tiny_tokenizer("gpt2")
    tokenizer.backend_tokenizer.post_processor = None
    batch = TextPreprocess(tokenizer, 48, INPUTS)("")
    assert int(batch["attention_mask"].sum()) == 1


def test_the_description_tells_tokenizers_apart() -> None:
    plain, changed = tiny_tokenizer("bert"), tiny_tokenizer("bert")
    changed.backend_tokenizer.normalizer = None
    descriptions = [TextPreprocess(t, 48, INPUTS).describe() for t in (plain, tiny_tokenizer("bert"), changed)]
    assert descriptions[0] == descriptions[1] != descriptions[2]


@pytest.mark.parametrize("of_pairs", [False, True])
def test_the_description_is_the_same_after_a_text_and_tells_sides_apart(of_pairs: bool) -> None:
    """A fast tokenizer writes down how it was last told to cut and to fill up."""

    def made(side: str) -> Preprocess:
        tokenizer = tiny_tokenizer("bert")
        tokenizer.truncation_side = side
        if of_pairs:
            return EntailmentPreprocess(tokenizer, ["the dog"], 16, INPUTS)
        return TextPreprocess(tokenizer, 12, INPUTS)

    fresh, used = made("right"), made("right")
    used(" ".join(["fox"] * 20))
    assert fresh.describe() == used.describe() == made("right").describe()
    assert made("left").describe() != fresh.describe()


def test_there_is_one_view() -> None:
    with pytest.raises(ValueError, match="one view"):
        TextPreprocess(tiny_tokenizer("bert"), 48, INPUTS)("fox", view=1)
