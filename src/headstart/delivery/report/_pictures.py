"""The pictures of the page: each embedded once, referred to wherever it is shown, and all within a byte budget."""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from html import escape, unescape

from PIL import Image, UnidentifiedImageError

AS_GIVEN = 1_000_000
IN_ALL = 3_700_000
"""Bytes of fragments: so many are embedded as they are, those after them smaller, and none beyond the second."""

NO_LINES: Mapping[str, str] = {}

SMALL_SIDE, SMALL_QUALITY = 96, 55

_IMG = re.compile(r"<img\b[^>]*>")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
_DATA = re.compile(r"data:image/(?:jpeg|png);base64,(.+)", re.DOTALL)


@dataclass(frozen=True)
class Gallery:
    """Fragments by example id, whose pictures refer to ``definitions``; ``left_out`` had no room."""

    fragments: dict[str, str]
    definitions: str
    left_out: int


def gallery(
    shown: Mapping[str, str], as_given: int = AS_GIVEN, in_all: int = IN_ALL, lines: Mapping[str, str] = NO_LINES
) -> Gallery:
    """Embed the fragments `shown`, by example id, in their order, as far as there is room.

    A picture becomes ``<svg><use href="#p3"/></svg>``, which needs no script, prints, and keeps its name for a screen
    reader. Fragments without a picture stay as they are. `lines`, by example id, are drawn on its picture: SVG in
    coordinates from 0 to 1.
    """
    places: dict[str, str] = {}
    fragments: dict[str, str] = {}
    used = 0
    for name, fragment in shown.items():
        if used + len(fragment) > as_given:
            fragment = _IMG.sub(lambda match: _smaller(match[0]), fragment)
        if used + len(fragment) > in_all:
            continue
        known = len(places)
        fragments[name] = _IMG.sub(partial(_referred, places=places, lines=lines.get(name, "")), fragment)
        used += len(fragments[name]) + sum(map(len, list(places.values())[known:]))
    pictures = "".join(places.values())
    definitions = f'<svg class="pictures" aria-hidden="true"><defs>{pictures}</defs></svg>' if pictures else ""
    return Gallery(fragments, definitions, len(shown) - len(fragments))


def _referred(found: re.Match[str], places: dict[str, str], lines: str) -> str:
    """An ``<svg>`` that refers to the picture of an ``<img>``, under `lines`; the tag itself where it has none."""
    tag = found[0]
    attributes = dict(_ATTRIBUTE.findall(tag))
    width, height, source = (attributes.get(key, "") for key in ("width", "height", "src"))
    if not (_DATA.fullmatch(source) and width.isdigit() and height.isdigit()):
        return tag
    if source not in places:
        places[source] = f'<image id="p{len(places)}" width="{width}" height="{height}" href="{source}"/>'
    name = places[source].split('"')[1]
    label = escape(unescape(attributes.get("alt", "")))
    over = f'<g class="lines" transform="scale({width} {height})">{lines}</g>' if lines else ""
    return (
        f'<svg class="pic" role="img" aria-label="{label}" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}"><use href="#{name}"/>{over}</svg>'
    )


def _smaller(tag: str) -> str:
    """The ``<img>`` with its picture at most 96 pixels wide and high; the tag itself where that saves nothing."""
    attributes = dict(_ATTRIBUTE.findall(tag))
    given = _DATA.fullmatch(attributes.get("src", ""))
    if not given:
        return tag
    try:
        picture = Image.open(io.BytesIO(base64.b64decode(given[1], validate=True))).convert("RGB")
    except (binascii.Error, UnidentifiedImageError):  # what a browser cannot show either stays what it is
        return tag
    picture.thumbnail((SMALL_SIDE, SMALL_SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=SMALL_QUALITY)
    source = f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
    width, height = picture.size
    made = f'<img src="{source}" alt="{attributes.get("alt", "")}" width="{width}" height="{height}">'
    return made if len(made) < len(tag) else tag
