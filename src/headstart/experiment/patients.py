"""Patients: whose pictures these are, so that each stays in one split; and further slices, to learn from."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart.core.grouping import named_owners
from headstart.core.spec import AUTO
from headstart.data.examples import Examples
from headstart.data.modalities.base import Modality

WORDS = ("patient", "subject", "participant")
"""In the name of a file or a folder, a number after one of these says whose it is."""

COLUMNS = frozenset(f"{word}{end}" for word in WORDS for end in ("", "id", "s", "key"))
"""Names (lower case, letters alone) of columns that say whose a row is."""

FEWEST = 4
"""Of fewer patients none can be held out for both comparing and testing, and enough be left to learn from."""


def with_patients(examples: Examples, modality: Modality, group: str | None) -> Examples:
    """The examples grouped by patient, where the person named no group and patients are told, with a note.

    They are called ``patient 1`` and so on: identifiers of files and tables go no further than here. The files
    themselves go before a column of the table, and that before names of files and folders.

    Parameters
    ----------
    group : as it was asked for: a column, AUTO, NONE, or None for this.
    """
    if group not in (None, AUTO) or examples.groups is not None:
        return examples
    too_few = ""
    for owners, where in _told(examples, modality):
        known = {owner for owner in owners if owner is not None}
        if not known:
            continue
        if len(known) == sum(owner is not None for owner in owners):  # nobody has two
            break
        if len(known) >= FEWEST:
            kept = "each stays in one split" if examples.splits is None else "what is divided keeps each whole"
            note = f"Patients: {len(known):,}, by {where}; {kept}. `--group none` divides at random."
            return replace(examples, groups=_called("patient", owners), notes=(*examples.notes, note))
        count = "1 patient" if len(known) == 1 else f"{len(known)} patients"
        too_few = too_few or (
            f"All belong to {count} by {where}, too few to keep apart; figures say nothing of other patients."
        )
    return replace(examples, notes=(*examples.notes, too_few)) if too_few else examples


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


def _told(examples: Examples, modality: Modality) -> Iterator[tuple[list[str | None], str]]:
    """N owners, None where nobody knows, and where that is said: each way to know any, the surest first."""
    owners = [modality.owner(reference) for reference in examples.references]
    if any(owners):
        yield owners, "the identifiers in the files"
    for name, cells in examples.further.items():
        if re.sub(r"[^a-z]", "", name.lower()) in COLUMNS and _identify(cells):
            # NaN, a missing cell of a table, differs from itself
            yield [None if cell is None or cell != cell else str(cell) for cell in cells], f"the column {name!r}"
    targets = {target for target in examples.targets or [] if isinstance(target, str)}
    named = named_owners(_names(examples), sorted(targets), WORDS)
    if all(named) or len({*named} - {None}) >= FEWEST:
        words = sorted({owner.split()[0] for owner in named if owner})
        yield named, f"the names of files and folders ({' and '.join(map(repr, words))} and what follows)"


def _names(examples: Examples) -> Sequence[str]:
    """N names to read: paths within the folder of all files, which a row of a table does not show; else as shown."""
    paths = [Path(os.path.abspath(path)) for path in examples.references if isinstance(path, Path)]
    if not paths or len(paths) < len(examples):
        return examples.ids
    root = os.path.commonpath([path.parent for path in paths])
    return [path.relative_to(root).as_posix() for path in paths]


def _identify(cells: Sequence[Any]) -> bool:
    """Whether cells may be identifiers: the subject of a letter has spaces in it."""
    return not any(isinstance(cell, str) and " " in cell.strip() for cell in cells)


def _called(word: str, owners: Sequence[str | None]) -> list[str]:
    """``patient 1``, ``patient 2`` in order of appearance; whose nobody knows is a group alone."""
    numbers: dict[Any, int] = {}
    keys = [row if owner is None else owner for row, owner in enumerate(owners)]
    return [f"{word} {numbers.setdefault(key, len(numbers) + 1)}" for key in keys]
