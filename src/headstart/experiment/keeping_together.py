"""Keeps near copies of inputs together wherever examples are divided, as texts of the same words are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from headstart.core.files import digest
from headstart.core.kept import Kept, beside
from headstart.data.checks import Checked
from headstart.data.modalities.base import Modality
from headstart.data.splits import Split, split
from headstart.diagnosis._near_families import near_families
from headstart.experiment.looks import KeptLooks, looks_of
from headstart.frozen.store import FrontierStore

RULE = "near families 1"
"""Names how families are found; whoever changes that changes the name."""


def with_near_families(
    checked: Checked, modality: Modality, looked: KeptLooks, store: FrontierStore | None
) -> Checked:
    """`checked` with the families of near copies among its examples, where their modality shows such.

    Parameters
    ----------
    store : beside which the answer is kept for the next time; None for nowhere.

    Raises
    ------
    InputError : an input vanished since it was checked.
    """
    kept = None if store is None else beside(store.folder.parent, store.limit)
    name = digest(RULE, modality.looked_by, *checked.fingerprints)
    numbers = None if kept is None else _before(kept, name, len(checked.examples))
    if numbers is None:
        sketches = looks_of(checked, modality, looked).sketches
        if sketches is None:
            return checked
        numbers = near_families(sketches)
        if kept is not None:
            kept.keep(name, numbers.astype("<i8").tobytes())
    _, first = np.unique(numbers, return_index=True)
    return replace(checked, alike=[checked.fingerprints[first[number]] for number in numbers])


def _before(kept: Kept, name: str, count: int) -> np.ndarray | None:
    """The numbers (N,) of families as they were kept, from 0 on; None where they were not, or are torn."""
    content = kept.read(name) or b""
    return np.frombuffer(content, dtype="<i8") if len(content) == 8 * count else None


def split_of(
    checked: Checked, strata: Sequence[str], seed: int, test_share: float = 0.2, validation_share: float = 0.2
) -> Split:
    """The division of `checked` by :func:`headstart.data.splits.split`, which keeps together all that is bound.

    Raises
    ------
    InputError : no training examples are given, or there are too few to hold any out.
    """
    return split(
        checked.examples, strata, seed, test_share, validation_share, checked.fingerprints, checked.normalised,
        checked.alike,
    )  # fmt: skip


def learnt_instead(checked: Checked, parts: Split, rows: Sequence[int]) -> Split:
    """`parts` with `rows` of a drawn test split, and all that is bound to them, among what is learnt from."""
    pool = np.setdiff1d(np.arange(len(checked.examples)), parts.validation)
    units = checked.units(pool)
    moved = pool[np.isin(units, units[np.isin(pool, rows)])]
    note = (
        f"{np.isin(parts.test, moved).sum()} examples of the test split are learnt from after all: they, or what "
        "belongs with them, hold a label that stands nowhere else."
    )
    train, test = np.union1d(parts.train, moved), np.setdiff1d(parts.test, moved)
    return replace(parts, train=train, test=test, notes=(*parts.notes, note))
