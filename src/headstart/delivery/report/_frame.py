"""What every page has around its content: the head with title and style, and nothing from outside."""

from __future__ import annotations

from html import escape
from importlib.resources import files


def framed(title: str, main: str, definitions: str = "") -> str:
    """The whole page, from ``<!doctype html>`` to ``</html>``; `title` is escaped, the others are HTML."""
    style = files(__package__).joinpath("style.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)}</title><style>{style}</style></head>"
        f"<body><main>{main}</main>{definitions}</body></html>\n"
    )
