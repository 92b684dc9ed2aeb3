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
