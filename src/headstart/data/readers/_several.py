"""The targets of a table: a value a row, or a value for each of several columns, any of which may be missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from headstart.core.errors import InputError, NoTargets, Problem
from headstart.data.readers._classes import raise_class_mistakes
from headstart.data.readers._table import Table
from headstart.data.readers._targets import clean_targets
from headstart.data.readers.base import Request


def targets_of(
    table: Table, columns: Sequence[str], splits: Sequence[str | None] | None, request: Request
) -> list[Any]:
    """N raw targets; of several columns each is a mapping from column to value, None where a cell is empty.

    Raises
    ------
    InputError : targets are mixed, a class cannot be learned, all are missing, or a row has no target at all and the
        request does not let it lack one.
    """
    if len(columns) == 1:
        return _column(table, columns[0], splits, request.fits, request.may_lack)
    by_column: dict[str, list[Any]] = {}
    problems: list[Problem] = []
    for name in columns:
        try:
            by_column[name] = _column(table, name, splits, request.fits, may_lack=True)
        except InputError as error:
            problems += _of_column(name, error.problems) or [Problem(f"{table.name}, column {name!r}", str(error))]
    if problems:
        raise InputError(problems, f"{table.name}: some of its targets cannot be used.")
    rows = [dict(zip(by_column, row, strict=True)) for row in zip(*by_column.values(), strict=True)]
    if not request.may_lack:
        _refuse_empty_rows(table, columns, rows)
    return rows


def _of_column(name: str, problems: Sequence[Problem]) -> list[Problem]:
    """The same problems, each saying which column it is in."""
    said = f"column {name!r}"
    return [one if said in one.where else replace(one, where=f"{one.where}, {said}") for one in problems]


def _column(
    table: Table, name: str, splits: Sequence[str | None] | None, fits: bool, may_lack: bool = False
) -> list[Any]:
    where = f"{table.name}, column {name!r}"
    targets = clean_targets(table.columns[name], table.ids, where, table.decimal_comma, may_lack)
    there = [row for row, target in enumerate(targets) if target is not None]
    if not there:
        raise NoTargets(Problem(where, "every cell is empty", "leave it out of --target, or name another"))
    if fits:
        raise_class_mistakes(
            where if may_lack else table.name,
            [targets[row] for row in there],
            [table.ids[row] for row in there],
            None if splits is None else [splits[row] for row in there],
        )
    return targets


def _refuse_empty_rows(table: Table, columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    empty = [
        Problem(id_, f"none of the targets {', '.join(columns)} is there", "fill one in, or remove the row")
        for id_, row in zip(table.ids, rows, strict=True)
        if all(value is None for value in row.values())
    ]
    if empty:
        raise InputError(empty, f"{table.name}: {len(empty)} of {len(rows)} rows have no target at all.")
