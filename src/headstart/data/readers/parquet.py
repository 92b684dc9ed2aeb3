"""Parquet files."""

from __future__ import annotations

from pathlib import Path

from headstart.core.errors import InputError, first_line
from headstart.core.optional import require
from headstart.data.readers._table import Table
from headstart.data.readers._table_reader import TableReader


class Parquet(TableReader):
    """Needs the extra ``parquet``. Row numbers count from 1; there is no header row."""

    caption = "a Parquet file"
    table_suffixes = frozenset({".parquet"})

    def table(self, path: Path) -> Table:
        arrow = require("pyarrow", "parquet", f"Reading {path.name}")
        parquet = require("pyarrow.parquet", "parquet", f"Reading {path.name}")
        try:
            # One file, not a data set: else pyarrow would take folder names like year=2020 for columns.
            columns = parquet.ParquetFile(path).read().to_pydict()
        except (arrow.ArrowException, OSError) as error:
            raise InputError(f"{path} is damaged or no Parquet file ({first_line(error)}).") from error
        count = len(next(iter(columns.values()), []))
        return Table(
            name=path.name,
            columns=columns,
            ids=[f"{path.name} row {row}" for row in range(1, count + 1)],
            folder=path.parent.absolute(),
        )
