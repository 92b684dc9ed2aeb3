"""Strips: wide pictures of single examples, one below the other, the first few open and the rest folded."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from headstart.delivery.report._names import breakable

_UNFOLDED = 6


def strip(html: str, name: str, said: str) -> str:
    """The fragment `html` of one example, its `name` and a few words on it."""
    return (
        f'<figure class="strip">{html}<figcaption>{breakable(name)} '
        f'<span class="muted">{escape(said)}</span></figcaption></figure>'
    )


def folded(strips: Sequence[str]) -> str:
    """The first of `strips`, and the others behind a summary that counts them."""
    rest = f"<details><summary>{len(strips) - _UNFOLDED} more</summary>{''.join(strips[_UNFOLDED:])}</details>"
    return f"{''.join(strips[:_UNFOLDED])}{rest if len(strips) > _UNFOLDED else ''}"
