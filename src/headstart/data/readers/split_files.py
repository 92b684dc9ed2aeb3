"""A folder with a table a split: ``train.csv``, perhaps ``val.csv``, and ``test.csv``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart.core.errors import InputError, Problem, nearest
from headstart.core.registry import Registry
from headstart.data.examples import SPLITS, Examples
from headstart.data.readers._columns import Columns, choose_columns, make_examples
from headstart.data.readers._folders import folder_kind, split_tables
from headstart.data.readers._table import Table
from headstart.data.readers._table_reader import TableReader
from headstart.data.readers.base import Reader, Request


class SplitFiles(Reader):
    """Given splits in tables of any format that some reader knows; they share their columns."""

    caption = "a folder with the tables train.* and perhaps val.* and test.*"

    def recognises(self, source: Any) -> bool:
        return folder_kind(source) == "split files"

    def read(self, request: Request) -> Examples:
        root = Path(request.source)
        found = split_tables(root)
        if twice := {split: paths for split, paths in found.items() if len(paths) > 1}:
            raise InputError(
                [
                    Problem(
                        f"{root}, {split}", "several tables: " + ", ".join(p.name for p in paths), "keep one of them"
                    )
                    for split, paths in twice.items()
                ]
            )
        tables = {split: _read_table(found[split][0]) for split in SPLITS if split in found}
        columns = _without_split(choose_columns(tables["train"], replace(request, keeps_splits=False)))
        return make_examples(_joined(root, tables, columns), columns, request)


def _read_table(path: Path) -> Table:
    readers = Registry(__package__, "reader")
    for name in readers.names():
        reader = readers.load(name)()
        if isinstance(reader, TableReader) and reader.recognises(path):
            return reader.table(path)
    raise InputError(f"{path}: no reader takes this table.")


def _without_split(columns: Columns) -> Columns:
    """The same columns, a column of splits among the unused: the files say the split of each row."""
    return columns if columns.split is None else replace(columns, split=None, unused=(*columns.unused, columns.split))


def _cells(tables: dict[str, Table], column: str) -> list[Any]:
    """The cells of all tables; None in one that lacks the column."""
    return [cell for table in tables.values() for cell in table.columns.get(column, [None] * len(table))]


def _joined(root: Path, tables: dict[str, Table], columns: Columns) -> Table:
    """The rows of all tables, under the columns chosen in the training table."""
    names = columns.names()
    lacking = [
        Problem(table.name, f"there is no column {name!r}.{nearest(name, table.columns)}", "all splits need it")
        for table in tables.values()
        for name in names
        if name not in table.columns
    ]
    if lacking:
        raise InputError(lacking, f"{root}: its tables do not match {tables['train'].name}.")
    return Table(
        name=str(root),
        columns={name: _cells(tables, name) for name in (*names, *columns.unused)},
        ids=[id_ for table in tables.values() for id_ in table.ids],
        folder=root,
        decimal_comma=max((table.decimal_comma for table in tables.values()), key=(False, None, True).index),
        splits=[split for split, table in tables.items() for _ in range(len(table))],
        notes=tuple(note for table in tables.values() for note in table.notes),
    )
