"""Finds the column of a table that holds the inputs: existing files, names of files, or the longest text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from headstart.core.errors import InputError
from headstart.data.readers._kinds_of_input import modalities
from headstart.data.readers._table import Table
from headstart.data.readers._targets import is_number, is_present
from headstart.data.readers.base import Request

USUAL_TARGETS = (
    frozenset({"label", "labels", "target", "targets", "class", "category", "y"}),
    frozenset({"score", "rating", "sentiment", "outcome", "answer", "result", "diagnosis", "topic", "intent"}),
)
"""Names (lower case) that a target column usually has; the first set goes before the second."""

_SAMPLE = 200


def input_column(table: Table, request: Request, taken: set[str]) -> tuple[str, str]:
    """(column, modality): as named, or one that holds files, or the longest text."""
    if request.input is not None:
        return _named_input(table, request.input)
    free = [name for name in table.columns if name not in taken]
    if not request.needs_targets:  # for prediction, a target column left in the table is no input
        free = [name for name in free if key(name) not in USUAL_TARGETS[0]] or free
    ranks = {name: rank for name in free if (rank := _rank(table, name))}
    if not ranks:
        raise InputError(
            f"{table.name} has no column of texts, and none of file paths. Its columns: {listed(table.columns)}. "
            "Tables of numbers alone are not supported; name the column with --input if one of these is meant."
        )
    best = max(ranks, key=lambda name: ranks[name][0])  # the first of equals
    return best, ranks[best][1]


def _named_input(table: Table, column: str) -> tuple[str, str]:
    values = _sample(table.columns[column])
    for name, modality in modalities():
        if modality.recognises([modality.locate(value, table.folder) for value in values]):
            return column, name
    shown = f"{values[0]!r:.60}" if values else "nothing"
    kinds = " or ".join(modality.noun for _, modality in modalities())
    raise InputError(f"{table.name}, column {column!r}: these are no {kinds} (the first is {shown}).")


def _rank(table: Table, column: str) -> tuple[tuple[int, float], str] | None:
    """How likely a column holds the inputs: existing files, then names of files, then the longest text."""
    values = _sample(table.columns[column])
    for name, modality in modalities():
        references = [modality.locate(value, table.folder) for value in values]
        if not modality.recognises(references):
            continue
        if modality.suffixes:
            here = any(not isinstance(reference, Path) or reference.is_file() for reference in references)
            return (2 if here else 1, 0.0), name
        if not all(is_number(value) for value in values):
            return (0, sum(len(str(value)) for value in values) / len(values)), name
    return None


def _sample(values: Sequence[Any]) -> list[Any]:
    """Up to 200 present cells, spread over the column."""
    present = [value for value in values if is_present(value)]
    return present[:: max(1, len(present) // _SAMPLE)][:_SAMPLE]


def key(value: Any) -> str:
    """A column name or cell as it is compared: stripped, in lower case."""
    return str(value).strip().lower()


def listed(names: Sequence[str] | Mapping[str, Any]) -> str:
    """Names for a message."""
    return ", ".join(repr(name) for name in names)
