"""Patients: whose pictures these are, so that each stays in one split; and further slices, to learn from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from headstart.core.spec import AUTO
from headstart.data.examples import Examples
from headstart.data.modalities.base import Modality

COLUMNS = frozenset(
    f"{word}{end}" for word in ("patient", "subject", "participant") for end in ("", "id", "s", "key")
)
"""Names (lower case, letters alone) of columns that say whose a row is."""

FEWEST = 4
"""Of fewer patients none can be held out for both comparing and testing, and enough be left to learn from."""


def with_patients(examples: Examples, modality: Modality, group: str | None) -> Examples:
    """The examples grouped by patient, where the person named no group and patients are told, with a note.

    They are called ``patient 1`` and so on: identifiers of files and tables go no further than here.

    Parameters
    ----------
    group : as it was asked for: a column, AUTO, NONE, or None for this.
    """
    if group not in (None, AUTO) or examples.groups is not None:
        return examples
    owners, where = _told(examples, modality)
    known = {owner for owner in owners if owner is not None}
    if len(known) == sum(owner is not None for owner in owners):  # nobody has two, or nobody is known
        return examples
    if len(known) < FEWEST:
        count = "1 patient" if len(known) == 1 else f"{len(known)} patients"
        note = f"All belong to {count} by {where}, too few to keep apart; figures say nothing of other patients."
        return replace(examples, notes=(*examples.notes, note))
    note = f"Patients: {len(known):,}, by {where}; each stays in one split. `--group none` divides at random."
    return replace(examples, groups=_called("patient", owners), notes=(*examples.notes, note))


def with_slices(examples: Examples, modality: Modality, placed: bool = False) -> Examples:
    """With further slices of volumes, each an example to learn from that is never judged; a volume stays whole.

    Not so where targets are `placed`, as boxes and masks are: what they mark lies in the middle slice alone.
    """
    if placed:
        return examples
    parts = [modality.parts(reference) for reference in examples.references]
    further = [(row, number, part) for row, own in enumerate(parts) for number, part in enumerate(own[1:], 2)]
    further = [found for found in further if _learnt(examples, found[0])]
    if not further:
        return examples
    rows = [*range(len(examples)), *(row for row, _, _ in further)]
    grown = replace(examples, groups=examples.groups or _called("file", list(map(str, range(len(examples))))))
    note = (
        f"{sum(len(own) > 1 for own in parts):,} files hold several slices. The middle one judges and is judged; "
        f"{len(further):,} others are learnt from where their file is not held out."
    )
    return replace(
        grown.select(rows),
        references=[*examples.references, *(part for _, _, part in further)],
        ids=[*examples.ids, *(f"{examples.ids[row]} part {number}" for row, number, _ in further)],
        extra=[False] * len(examples) + [True] * len(further),
        notes=(*examples.notes, note),
    )


def _learnt(examples: Examples, row: int) -> bool:
    return (examples.splits or [None] * len(examples))[row] in (None, "train")


def _told(examples: Examples, modality: Modality) -> tuple[list[str | None], str]:
    """N owners, None where nobody knows, and where that is said."""
    owners = [modality.owner(reference) for reference in examples.references]
    if any(owners):
        return owners, "the identifiers in the files"
    for name, cells in examples.further.items():
        if re.sub(r"[^a-z]", "", name.lower()) in COLUMNS and _identify(cells):
            # NaN, a missing cell of a table, differs from itself
            return [None if cell is None or cell != cell else str(cell) for cell in cells], f"the column {name!r}"
    return owners, ""


def _identify(cells: Sequence[Any]) -> bool:
    """Whether cells may be identifiers: the subject of a letter has spaces in it."""
    return not any(isinstance(cell, str) and " " in cell.strip() for cell in cells)


def _called(word: str, owners: Sequence[str | None]) -> list[str]:
    """``patient 1``, ``patient 2`` in order of appearance; whose nobody knows is a group alone."""
    numbers: dict[Any, int] = {}
    keys = [row if owner is None else owner for row, owner in enumerate(owners)]
    return [f"{word} {numbers.setdefault(key, len(numbers) + 1)}" for key in keys]
