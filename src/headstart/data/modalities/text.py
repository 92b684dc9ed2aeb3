"""Texts: strings, one an input."""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from headstart.core.files import digest
from headstart.data.modalities.base import Look, Modality

_SHOWN = 300
_POINT = re.compile(r"(?<=\d)[.,](?=\d)")
_POINT_KEPT = "\ue000"
"""Stands for the point in 1.5, which is no punctuation: a character that no text is written with."""


class Text(Modality):
    """References are the strings themselves."""

    noun = "texts"
    suffixes: frozenset[str] = frozenset()

    def recognises(self, references: Sequence[Any]) -> bool:
        """True when all are strings. (Modalities with file endings are asked before this one.)"""
        return len(references) > 0 and all(isinstance(reference, str) for reference in references)

    def decode(self, reference: Any, size_hint: int | None = None) -> str:
        """The string as it is; `size_hint` means nothing here."""
        if reference is None:
            raise ValueError("the text is missing")
        if not isinstance(reference, str):
            raise ValueError(f"{reference!r:.60} is no text but {type(reference).__name__}")
        if not reference.strip():
            raise ValueError("the text is empty")
        try:
            reference.encode()
        except UnicodeEncodeError as error:
            where = f"at position {error.start}"
            raise ValueError(f"the text holds half a character (a lone surrogate) {where}") from error
        return reference

    def fingerprint(self, reference: Any) -> str:
        return digest(str(reference))

    def look(self, reference: Any) -> Look:
        """Lengths, and shares of all characters; no sketch: :meth:`normalised` finds the near duplicates."""
        text = self.decode(reference)
        counts = Counter(text)
        words = text.split()

        def share(belongs: Callable[[str], bool]) -> float:
            return sum(n for character, n in counts.items() if belongs(character)) / max(len(text), 1)

        traits = {
            "characters": float(len(text)),
            "words": float(len(words)),
            "mean word length": sum(map(len, words)) / max(len(words), 1),
            "upper case": share(str.isupper),
            "digits": share(str.isdigit),
            "punctuation": share(_is_punctuation),
        }
        return Look(traits)

    def normalised(self, reference: Any) -> str:
        """The digest of the text in one case, without spaces and punctuation, unless nothing else is in it."""
        folded = unicodedata.normalize("NFKC", str(reference)).casefold()
        kept = _POINT.sub(_POINT_KEPT, folded)
        dropped = {ord(c): None for c in set(kept) if c.isspace() or _is_punctuation(c)}
        return self.fingerprint(kept.translate(dropped) or "".join(folded.split()))

    def show(self, reference: Any) -> str:
        """The first 300 characters, escaped."""
        text = " ".join(str(reference).split())
        return html.escape(text if len(text) <= _SHOWN else text[: _SHOWN - 1].rstrip() + "…")

    def size(self, reference: Any) -> str:
        words = len(str(reference).split())
        return f"{words} word{'' if words == 1 else 's'}"


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character).startswith("P")
