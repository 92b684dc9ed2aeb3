"""Shows a text with its words in the colour of what they speak for: as HTML, and for a terminal."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

import numpy as np

from headstart.explanations._colours import AGAINST, FOR, strength

Span = tuple[int, int]

_THICKEST = 0.5
_FAINTEST = 0.08
"""Words below this share of the strongest stay without colour."""

_RESET = "\x1b[0m"


def as_html(text: str, spans: Sequence[Span], scores: Sequence[float], caption: str) -> str:
    """A paragraph: orange for, blue against, thicker for more; the two also differ by their underline.

    The colours are thin enough over white or black that the page's own ink stays readable.
    """

    def word(inside: str, share: float) -> str:
        red, green, blue = FOR if share > 0 else AGAINST
        line = "solid" if share > 0 else "dotted"
        style = (
            f"background:rgba({red},{green},{blue},{_THICKEST * abs(share):.2f});"
            f"border-bottom:2px {line} rgba({red},{green},{blue},{max(0.4, abs(share)):.2f})"
        )
        return f'<span style="{style}" title="{share:+z.2f}">{html.escape(inside)}</span>'

    written = _written(text, spans, scores, html.escape, word)
    return f'<p class="marked" title="{html.escape(caption, quote=True)}">{written}</p>'


def as_ansi(text: str, spans: Sequence[Span], scores: Sequence[float]) -> str:
    """The text with coloured backgrounds and black ink on them."""

    def word(inside: str, share: float) -> str:
        target = np.array(FOR if share > 0 else AGAINST)
        red, green, blue = (255 + (target - 255) * (0.25 + 0.75 * abs(share))).astype(int)
        return f"\x1b[48;2;{red};{green};{blue}m\x1b[30m{inside}{_RESET}"

    return _written(_printable(text), spans, scores, str, word)


def _printable(text: str) -> str:
    """The same length without control characters, which could steer the terminal."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "\ufffd" for letter in text)


def _written(
    text: str,
    spans: Sequence[Span],
    scores: Sequence[float],
    plain: Callable[[str], str],
    word: Callable[[str, float], str],
) -> str:
    shares = strength(np.asarray(scores, dtype=float))
    made, end = [], 0
    for (first, last), share in zip(spans, shares, strict=True):
        made.append(plain(text[end:first]))
        inside = text[first:last]
        made.append(word(inside, float(share)) if abs(share) >= _FAINTEST else plain(inside))
        end = last
    return "".join([*made, plain(text[end:])])
