"""Letters on pictures: Pillow's own where they have all that is written, else a font of this system that has."""

from __future__ import annotations

import contextlib
import unicodedata
from functools import cache

from PIL import ImageFont

Font = ImageFont.ImageFont | ImageFont.FreeTypeFont

FONTS = (
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "arial.ttf", "Arial Unicode.ttf",
    "NotoSansCJK-Regular.ttc", "wqy-microhei.ttc", "PingFang.ttc", "msyh.ttc", "YuGothM.ttc", "malgun.ttf",
    "NotoSansArabic-Regular.ttf", "NotoSansDevanagari-Regular.ttf", "Nirmala.ttf",
)  # fmt: skip
"""Looked for where the system keeps its fonts, in this order; none is needed."""

_NO_LETTER = "\uffff"
"""What no font has: it is drawn as every letter that is missing."""


def lettered(text: str, size: float) -> tuple[Font, str]:
    """A font of `size` pixels, and `text` as it can be written in it: where no font has all of its letters, their
    nearest of ASCII."""
    own = ImageFont.load_default(size)
    if has_letters(own, text):
        return own, text
    for path in _installed():
        font = ImageFont.truetype(path, size)
        if has_letters(font, text):
            return font, text
    return own, in_ascii(text)


def has_letters(font: Font, text: str) -> bool:
    """Whether a font has all letters of `text`."""
    missing = _drawn(font, _NO_LETTER)
    return all(_drawn(font, letter) != missing for letter in set(text))


def in_ascii(text: str) -> str:
    """Without accents, and a question mark for what is no letter of ASCII without them: ``café 中`` → ``cafe ?``."""
    apart = unicodedata.normalize("NFKD", text)
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return bare.encode("ascii", "replace").decode()


@cache
def _installed() -> list[str]:
    """The files of those fonts that this system has."""
    found = []
    for name in FONTS:
        with contextlib.suppress(OSError):
            found.append(str(ImageFont.truetype(name).path))
    return found


def _drawn(font: Font, letter: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(letter)
    return mask.size, bytes(mask)
