"""A table: named columns of cells, and a name for each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Table:
    """Columns of N cells each; a missing cell is None or an empty string.

    Attributes
    ----------
    name : what a person calls it: ``reviews.csv``.
    columns : the columns by name.
    ids : N names of its rows: ``reviews.csv row 14``.
    folder : where relative paths start.
    decimal_comma : whether ``3,5`` is a number in it; None where it may be two labels as well.
    splits : N given splits, when the rows come from several files.
    notes : what the report should say about it.
    """

    name: str
    columns: Mapping[str, Sequence[Any]]
    ids: Sequence[str]
    folder: Path | None = None
    decimal_comma: bool | None = False
    splits: Sequence[str | None] | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)
