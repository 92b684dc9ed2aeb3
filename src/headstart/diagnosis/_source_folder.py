"""Which folder an example comes from, besides those of its class and its split."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

SOURCE = "source folder"
"""The trait's name: its values are numbers of folders, which have no order."""

_SPLITS = frozenset({"train", "training", "val", "valid", "validation", "dev", "test", "testing"})


def source_folders(ids: Sequence[str], strata: Sequence[str]) -> list[str]:
    """The folders of each of N names; empty where there are none but those named after its class or a split.

    A folder counts as its class's if one name begins with the other, of three letters or more: ``cats`` for ``cat``.
    """
    return ["/".join(_kept(name, str(label).lower())) for name, label in zip(ids, strata, strict=True)]


def as_numbers(folders: Sequence[str]) -> np.ndarray:
    """(N,) numbers of the folders, in the order of their names."""
    return np.unique(np.asarray(folders, dtype=str), return_inverse=True)[1].astype(np.float64)


def mostly_from(folders: Sequence[str], strata: np.ndarray, classes: Sequence[str]) -> str:
    """``bus mostly 'north', car mostly 'south'``: where the examples of each class mostly come from."""
    said = []
    for name in classes:
        own = Counter(folder for folder, stratum in zip(folders, strata, strict=True) if stratum == name)
        said.append(f"{name} mostly {own.most_common(1)[0][0]!r}")
    return ", ".join(said)


def _kept(name: str, label: str) -> list[str]:
    folders = re.split(r"[/\\]", name)[:-1]
    return [folder for folder in folders if folder and not _is_class_or_split(folder.lower(), label)]


def _is_class_or_split(folder: str, label: str) -> bool:
    shorter, longer = sorted((folder, label), key=len)
    return folder in _SPLITS or folder == label or (len(shorter) >= 3 and longer.startswith(shorter))
