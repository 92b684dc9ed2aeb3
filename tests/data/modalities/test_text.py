"""Texts are strings with something in them."""

from __future__ import annotations

import html

import pytest

from headstart.data.modalities.text import Text

TEXT = Text()


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("", "empty"),
        (" \n\t ", "empty"),
        (None, "missing"),
        (3, "int"),
        (b"x", "bytes"),
        ("half \ud83d", "position 5"),
    ],
)
def test_problems(reference: object, words: str) -> None:
    assert words in str(TEXT.problem(reference))
    with pytest.raises(ValueError, match=words):
        TEXT.decode(reference)


def test_a_text_is_decoded_as_it_is() -> None:
    assert TEXT.problem("  Grüße 🎵 ") is None
    assert TEXT.decode("  Grüße 🎵 ") == "  Grüße 🎵 "


def test_show_is_escaped_and_short() -> None:
    assert TEXT.show("a <b> & 'c'") == html.escape("a <b> & 'c'")
    assert TEXT.show("x" * 300) == "x" * 300
    assert TEXT.show("x" * 301) == "x" * 299 + "…"


def test_size_and_fingerprint() -> None:
    assert TEXT.size("one") == "1 word"
    assert TEXT.size("one two three") == "3 words"
    assert TEXT.fingerprint("a") == TEXT.fingerprint("a") != TEXT.fingerprint("a ")
    assert TEXT.fingerprint("\ud83d")


def test_traits_are_lengths_and_shares_of_the_characters() -> None:
    look = TEXT.look("Hi, 42 You")
    assert look.sketch is None
    expected = {"characters": 10, "words": 3, "mean word length": 8 / 3}
    shares = {"upper case": 0.2, "digits": 0.2, "punctuation": 0.1}
    assert look.traits == pytest.approx({**expected, **shares})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Free entry!!", "FREE   entry", True),
        ("It's\u00a0late \n", "its late.", True),
        ("STRASSE", "straße", True),
        ("free entry", "free entries", False),
        ("pay 1.5 now", "pay 15 now", False),
        ("!!!", "???", False),
        ("so good 😀", "so good 😡", False),
    ],
)
def test_texts_that_differ_in_case_spacing_and_punctuation_alone_are_the_same(
    one: str, other: str, same: bool
) -> None:
    assert (TEXT.normalised(one) == TEXT.normalised(other)) is same
    assert TEXT.fingerprint(one) != TEXT.fingerprint(other)
