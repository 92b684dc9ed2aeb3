"""Letters beyond ASCII are written as they are where a font has them, and never as empty boxes."""

from __future__ import annotations

import pytest
from PIL import ImageFont

from headstart.core import lettering
from headstart.core.lettering import has_letters, in_ascii, lettered


@pytest.mark.parametrize("text", ["rose 0.93", "café", "Grün", "жук", "中"])
def test_what_is_written_has_letters(text: str) -> None:
    """Whatever this system has: the letters themselves, or the nearest of ASCII."""
    font, written = lettered(text, 20)
    assert has_letters(font, written)
    assert written in (text, in_ascii(text))


def test_the_own_letters_of_pillow_are_of_ascii_alone() -> None:
    own = ImageFont.load_default(20)
    assert has_letters(own, "rose 0.93 (the label)")
    assert not has_letters(own, "中")


def test_a_font_that_has_the_letters_is_found() -> None:
    if not (found := lettering._installed()):
        pytest.skip("this system has none of the fonts")
    font, written = lettered("é", 20)
    assert isinstance(font, ImageFont.FreeTypeFont)
    assert font.path in found
    assert written == "é"


def test_without_any_font_accents_go_and_other_letters_are_question_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "_installed", list)
    assert lettered("café 中 0.93", 20)[1] == "cafe ? 0.93"
