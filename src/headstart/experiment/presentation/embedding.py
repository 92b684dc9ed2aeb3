"""Pictures that the report draws, inside the page itself."""

from __future__ import annotations

import base64
import html
import io
from typing import Any

import PIL.Image

from headstart.data.modalities.base import Modality

QUALITY = 75


def decoded(kind: Modality, reference: Any, width: int) -> PIL.Image.Image | None:
    """The picture, to be shown in this `width`; None of one that can no longer be read, which costs no report."""
    try:
        picture: PIL.Image.Image = kind.decode(reference, width)
    except (ValueError, OSError):
        return None
    return picture


def widened(picture: PIL.Image.Image, width: int) -> PIL.Image.Image:
    """`picture` in RGB and of this `width` in pixels, in its proportions."""
    return picture.convert("RGB").resize((width, max(1, round(width * picture.height / picture.width))))


def embedded(picture: PIL.Image.Image, said: str) -> str:
    """An ``<img>`` that holds `picture` as a JPEG; what it shows is `said` to who cannot see it."""
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=QUALITY)
    data = base64.b64encode(content.getvalue()).decode("ascii")
    alt = html.escape(said, quote=True)
    return f'<img src="data:image/jpeg;base64,{data}" alt="{alt}" width="{picture.width}" height="{picture.height}">'
