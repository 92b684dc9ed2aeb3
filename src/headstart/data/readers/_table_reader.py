"""The readers whose files hold one table, and how a table becomes examples."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any

from headstart.data.examples import Examples
from headstart.data.readers._columns import choose_columns, make_examples
from headstart.data.readers._folders import is_path
from headstart.data.readers._table import Table
from headstart.data.readers.base import Reader, Request


class TableReader(Reader):
    """Reads files that hold one table each; ``table_suffixes`` are their endings."""

    def recognises(self, source: Any) -> bool:
        return is_path(source) and Path(source).suffix.lower() in self.table_suffixes and Path(source).is_file()

    @abstractmethod
    def table(self, path: Path) -> Table:
        """The table in the file at `path`. Raises ``InputError`` with every row that cannot be read."""

    def read(self, request: Request) -> Examples:
        return examples_of(self.table(Path(request.source)), request)


def examples_of(table: Table, request: Request) -> Examples:
    """The rows as examples: input, target and group columns as named, or found."""
    return make_examples(table, choose_columns(table, request), request)
