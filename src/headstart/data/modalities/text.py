"""Texts: strings, one an input."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from headstart.core.files import digest
from headstart.data.modalities.base import Modality

_SHOWN = 300


class Text(Modality):
    """References are the strings themselves."""

    noun = "texts"
    suffixes: frozenset[str] = frozenset()

    def recognises(self, references: Sequence[Any]) -> bool:
        """True when all are strings. (Modalities with file endings are asked before this one.)"""
        return len(references) > 0 and all(isinstance(reference, str) for reference in references)

    def decode(self, reference: Any, size_hint: int | None = None) -> str:
        """The string as it is; `size_hint` means nothing here."""
        if mistake := self.problem(reference):
            raise ValueError(mistake)
        return str(reference)

    def problem(self, reference: Any) -> str | None:
        if reference is None:
            return "the text is missing"
        if not isinstance(reference, str):
            return f"{reference!r:.60} is no text but {type(reference).__name__}"
        if not reference.strip():
            return "the text is empty"
        try:
            reference.encode()
        except UnicodeEncodeError as error:
            return f"the text holds half a character (a lone surrogate) at position {error.start}"
        return None

    def fingerprint(self, reference: Any) -> str:
        # A lone surrogate (half a character, as some JSON holds) has no UTF-8 form of its own.
        return digest(str(reference).encode("utf-8", "surrogatepass"))

    def show(self, reference: Any) -> str:
        """The first 300 characters, escaped."""
        text = " ".join(str(reference).split())
        return html.escape(text if len(text) <= _SHOWN else text[: _SHOWN - 1].rstrip() + "…")

    def size(self, reference: Any) -> str:
        words = len(str(reference).split())
        return f"{words} word{'' if words == 1 else 's'}"
