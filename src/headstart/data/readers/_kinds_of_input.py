"""Which modality inputs belong to, asked of every modality there is."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

from headstart.core.errors import InputError, MissingDependency
from headstart.core.paths import ending_of
from headstart.data.modalities import MODALITIES
from headstart.data.modalities.base import Modality


@functools.cache
def modalities() -> tuple[tuple[str, Modality], ...]:
    """(name, modality) of all whose library is here; those with file endings first, for a path is a string too."""
    found = []
    for name in MODALITIES.names():
        try:
            found.append((name, MODALITIES.load(name)()))
        except MissingDependency:
            continue
    return tuple(sorted(found, key=lambda pair: (not pair[1].suffixes, pair[0])))


@functools.cache
def suffixes() -> dict[str, str]:
    """File ending → modality name."""
    return {suffix: name for name, modality in reversed(modalities()) for suffix in sorted(modality.suffixes)}


@functools.cache
def _perhaps() -> dict[str, list[tuple[str, Modality]]]:
    """File ending → (name, modality) of those for which the content of such a file decides."""
    found: dict[str, list[tuple[str, Modality]]] = {}
    for name, modality in modalities():
        for end in modality.perhaps - suffixes().keys():
            found.setdefault(end, []).append((name, modality))
    return found


def kind_of(path: Path) -> str | None:
    """The name of a file's modality, by its ending, or by a look into it where that leaves it open; None for none."""
    end = ending(path)
    known = suffixes().get(end)
    return known or next((name for name, modality in _perhaps().get(end, ()) if modality.holds(path)), None)


def may_end_so(path: PurePath) -> bool:
    """Whether an input may have the ending of this name."""
    return ending(path) in suffixes() or ending(path) in _perhaps()


def ending(path: PurePath) -> str:
    """A file's ending in lower case: two together where a modality knows them so, as ``.nii.gz``; no number."""
    two = "".join(path.suffixes[-2:]).lower()
    return two if two in suffixes() else ending_of(path)


def bare_name(path: PurePath) -> str:
    """A file's name without its :func:`ending`."""
    return path.name[: len(path.name) - len(ending(path))]


def modality_of(references: Sequence[Any], what: str) -> tuple[str, Modality]:
    """The modality that these references, called `what` in the error, belong to.

    Raises
    ------
    InputError : no modality recognises them.
    """
    for name, modality in modalities():
        if modality.recognises(references):
            return name, modality
    first = (
        f"the first is {type(references[0]).__name__} {references[0]!r:.60}" if len(references) else "there are none"
    )
    kinds = " or ".join(modality.noun for _, modality in modalities())
    raise InputError(f"{what}: these are not {kinds} ({first}).")
