"""Fragments that show inputs on a page, kept in the store by content: each picture is made for them once."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from headstart.core.errors import HeadstartError
from headstart.core.files import digest
from headstart.core.threads import spread
from headstart.data.modalities.base import UNREADABLE, Modality
from headstart.frozen.store import FrontierStore, NotStored, Space

_HTML = "html"


class KeptPictures:
    """Makes HTML fragments of inputs, and remembers them.

    Parameters
    ----------
    store : where they outlast this process; None for nowhere. Nor are those kept there that cost nothing to make.
    """

    def __init__(self, store: FrontierStore | None, modality: Modality) -> None:
        self._modality, self._space = modality, _space(store, modality)
        self._new: dict[str, str] = {}

    def of(self, references: Sequence[Any], fingerprints: Sequence[str]) -> list[str]:
        """The fragments of N inputs, in order; `fingerprints` are N digests of their content."""
        keys = [digest(content, _name(one)) for content, one in zip(fingerprints, references, strict=True)]
        known = self._known(keys)
        new = {key: one for key, one in zip(keys, references, strict=True) if key not in known}
        made = dict(zip(new, spread(self._modality.show, list(new.values()), alone=True), strict=True))
        self._new |= {key: html for key, html in made.items() if f'class="{UNREADABLE}"' not in html}
        return [known[key] if key in known else made[key] for key in keys]

    def keep(self) -> None:
        """Write those made anew, where there is room."""
        if self._space is not None and self._new:
            rows = [{_HTML: torch.from_numpy(_numbers(html))} for html in self._new.values()]
            with contextlib.suppress(HeadstartError):  # a full disk: nothing is lost but the next report's time
                self._space.write(list(self._new), rows)
        self._new = {}

    def _known(self, keys: Sequence[str]) -> Mapping[str, str]:
        here = [key for key in keys if self._space is not None and key in self._space]
        if self._space is None or not here:
            return {}
        with contextlib.suppress(NotStored):  # evicted in this moment
            rows = self._space.read_many(here)[_HTML].numpy()
            return {key: row.tobytes().rstrip(b"\0").decode() for key, row in zip(here, rows, strict=True)}
        return {}


def _space(store: FrontierStore | None, modality: Modality) -> Space | None:
    if store is None or not modality.shown_by:
        return None
    return store.space("", "", f"shown by {modality.shown_by}", 0, f"small pictures of {modality.noun}")


def _name(reference: Any) -> str:
    """What a fragment may say of an input besides its content."""
    return str(reference) if isinstance(reference, str | Path) else ""


def _numbers(html: str) -> np.ndarray:
    """The UTF-8 bytes of a fragment, (L,)."""
    return np.frombuffer(html.encode(), dtype=np.uint8).copy()
