"""Letters on pictures: Pillow's own where they have all that is written, else a font of this system that has."""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache

from PIL import ImageFont

Font = ImageFont.ImageFont | ImageFont.FreeTypeFont

FONTS = (
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "arial.ttf", "Arial Unicode.ttf",
    "NotoSansCJK-Regular.ttc", "wqy-microhei.ttc", "PingFang.ttc", "msyh.ttc", "YuGothM.ttc", "malgun.ttf",
    "NotoSansArabic-Regular.ttf", "NotoSansDevanagari-Regular.ttf", "Nirmala.ttf",
)  # fmt: skip
"""Looked for where the system keeps its fonts, in this order; none is needed."""

NONE = "no font"

MIDDLING = 20.0
"""Pixels at which fonts are asked which letters they have."""

_NO_LETTER = "\uffff"
"""What no font has: it is drawn as every letter that is missing."""


def lettered(text: str, size: float) -> tuple[Font, str]:
    """A font of `size` pixels, and `text` as it can be written in it: where no font has all of its letters, their
    nearest of ASCII."""
    path = _that_has(frozenset(text))
    return (_font(None, size), in_ascii(text)) if path == NONE else (_font(path, size), text)


def has_letters(font: Font, letters: Iterable[str]) -> bool:
    """Whether a font has all these letters."""
    missing = _drawn(font, _NO_LETTER)
    return all(_drawn(font, letter) != missing for letter in set(letters))


def in_ascii(text: str) -> str:
    """Without accents, and a question mark for what is no letter of ASCII without them: ``café 中`` → ``cafe ?``."""
    apart = unicodedata.normalize("NFKD", text)
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return bare.encode("ascii", "replace").decode()


@lru_cache(maxsize=1024)
def _that_has(letters: frozenset[str]) -> str | None:
    """The file of the first font that has all of these letters; None for Pillow's own, `NONE` where none has."""
    return next((path for path in (None, *_installed()) if has_letters(_font(path, MIDDLING), letters)), NONE)


@lru_cache(maxsize=64)
def _font(path: str | None, size: float) -> Font:
    return ImageFont.load_default(size) if path is None else ImageFont.truetype(path, size)


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
