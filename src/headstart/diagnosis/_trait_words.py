"""Words for the values of traits: each in its unit, as a person reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from headstart.core.sizes import say_size
from headstart.diagnosis._counting import percent


def _pixels(value: float) -> str:
    return f"{value:,.0f} px"


def _brighter(value: float) -> str:
    """A difference of mean greys, the border's less that of the inside, in points of full brightness."""
    return f"{abs(100 * value):.0f} points {'brighter' if value >= 0 else 'darker'} than the inside"


WORDS: Mapping[str, Callable[[float], str]] = {
    "width": _pixels,
    "height": _pixels,
    "aspect": "width is {:.2f} of the height".format,
    "bytes": lambda value: say_size(round(value)),
    "brightness": percent,
    "contrast": percent,
    "saturation": percent,
    "border": _brighter,
    "mean word length": "{:.1f} characters".format,
    "upper case": percent,
    "digits": percent,
    "punctuation": percent,
}
"""What a mean of a trait is said as; one that is not here, such as a count, is a bare number."""


def said(trait: str, value: float) -> str:
    """``width``, 300 → ``300 px``; ``words``, 12.34 → ``12.3``."""
    return WORDS.get(trait, "{:.3g}".format)(value)
