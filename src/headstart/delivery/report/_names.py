"""Names and sentences in the page: titles, code and options in prose, long paths that may break into lines."""

from __future__ import annotations

import re
from html import escape

from headstart.core.written_figures import NARROW_SPACE, words


def titled(name: str) -> str:
    """The same at the beginning of a line: ``Macro F1``; ``mAP`` stays what it is."""
    said = words(name)
    return said if said[1:2].isupper() else said[:1].upper() + said[1:]


def prose(text: str) -> str:
    """`text` escaped, what stands in backticks as code, and no line break inside ``--options`` or before units."""
    joined = re.sub(r"(?<=\d) (?=%|(?:s|min|h)\b)", NARROW_SPACE, escape(text))
    coded = re.sub(r"`([^`]+)`", r"<code>\1</code>", joined)
    return re.sub(r"(?<![\w-])--[a-z][\w-]*", r'<span class="option">\g<0></span>', coded)


def breakable(name: str) -> str:
    """`name` escaped, with places where a long label or path may break into lines."""
    return escape(name).replace("/", "/<wbr>").replace("_", "_<wbr>")


def shortened(name: str, longest: int) -> str:
    """`name`, cut to `longest` characters with an ellipsis; not escaped."""
    return name if len(name) <= longest else name[: longest - 1].rstrip() + "…"
