"""Lays a map over a picture: grey beneath, colour by how much a place speaks for the label, a legend below."""

from __future__ import annotations

import base64
import html
import io

import numpy as np
from PIL import Image, ImageDraw

from headstart.core.lettering import Font, lettered
from headstart.explanations._colours import LINE, scale

_LIGHTEST, _THICKEST = 0.1, 0.75
_UNSEEN = 0.45
_ON_PAGE = 420
_NARROWEST = 300
_INK, _PAPER = (30, 30, 30), (255, 255, 255)


def overlay(
    original: Image.Image,
    values: np.ndarray,
    caption: str,
    outline: np.ndarray | None = None,
    beside: Image.Image | None = None,
) -> Image.Image:
    """The `original` (W, H) at its own size under `values` (H, W) in [0, 1], with a legend strip below.

    Where `values` are NaN the network did not look: there the picture is darkened and has no colour. Lines
    are drawn where the `outline` (H, W) is True. `beside` stands to the right of it.
    """
    grey = np.asarray(original.convert("L").convert("RGB"), dtype=np.float32)
    seen = ~np.isnan(values)
    known = np.where(seen, values, 0.0)
    alpha = np.where(seen, _LIGHTEST + (_THICKEST - _LIGHTEST) * known, 0.0)[..., None]
    mixed = grey * (1 - alpha) + scale(known) * alpha
    mixed[~seen] *= _UNSEEN
    if outline is not None:
        mixed[outline] = LINE
    picture = Image.fromarray(mixed.round().astype(np.uint8))
    return _with_legend(picture if beside is None else _pair(picture, beside), caption, bool((~seen).any()))


def outlined(original: Image.Image, outline: np.ndarray) -> Image.Image:
    """The `original` in its colours, with lines where the `outline` (H, W) is True."""
    pixels = np.asarray(original.convert("RGB")).copy()
    pixels[outline] = LINE
    return Image.fromarray(pixels)


def _pair(left: Image.Image, right: Image.Image) -> Image.Image:
    gap = max(2, left.width // 60)
    made = Image.new("RGB", (left.width + gap + right.width, max(left.height, right.height)), _PAPER)
    made.paste(left, (0, 0))
    made.paste(right, (left.width + gap, 0))
    return made


def _with_legend(picture: Image.Image, caption: str, has_unseen: bool) -> Image.Image:
    unit = max(12, min(picture.width, picture.height) // 28)
    font, caption = lettered(caption, unit)
    width = max(picture.width, _NARROWEST)
    lines = [*_wrapped(caption, font, width - unit), "little", *(["darkened: not seen"] if has_unseen else [])]
    made = Image.new("RGB", (width, picture.height + round(unit * (1.4 * len(lines) + 0.8))), _PAPER)
    made.paste(picture, (0, 0))
    draw, line = ImageDraw.Draw(made), picture.height + round(unit * 0.4)
    for text in lines:
        draw.text((unit // 2, line), text, _INK, font)
        if text == "little":
            _bar(made, round(unit // 2 + draw.textlength("little ", font)), line, unit, font)
        line += round(unit * 1.4)
    return made


def _bar(made: Image.Image, left: int, top: int, unit: int, font: Font) -> None:
    length = min(unit * 12, made.width - left - unit * 4)
    colours = np.repeat(scale(np.linspace(0, 1, length))[None], unit, axis=0)
    made.paste(Image.fromarray(colours.round().astype(np.uint8)), (left, top + unit // 6))
    ImageDraw.Draw(made).text((left + length + unit // 2, top), "most", _INK, font)


def _wrapped(text: str, font: Font, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def png_bytes(image: Image.Image) -> bytes:
    """The picture as a PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def as_html(image: Image.Image, alt: str, pair: bool = False) -> str:
    """The picture at most 420 pixels wide, or twice that where it is a pair, inside the page itself."""
    small = image.copy()
    small.thumbnail((2 * _ON_PAGE if pair else _ON_PAGE, 2 * _ON_PAGE))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=85)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    sides = f'width="{small.width}" height="{small.height}"' + (' class="pair"' if pair else "")
    return f'<img src="data:image/jpeg;base64,{data}" alt="{html.escape(alt, quote=True)}" {sides}>'
