"""JSON files that hold one list of objects, as ``json.dump`` and data frames write tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headstart.core.errors import InputError, Problem
from headstart.data.readers._folders import is_path
from headstart.data.readers._json_files import holds_list, no_record, read_json, table_of_records
from headstart.data.readers._numbers import shown
from headstart.data.readers._table import Table
from headstart.data.readers._table_reader import TableReader


class JsonList(TableReader):
    """As JSON Lines are read. Row numbers count from 1; a file that holds an object is none of these."""

    caption = "a JSON file (.json) with a list of objects"

    def recognises(self, source: Any) -> bool:
        if not is_path(source) or Path(source).suffix.lower() != ".json":
            return False
        return Path(source).is_file() and holds_list(Path(source))

    def table(self, path: Path) -> Table:
        records = read_json(path, path.name)
        wrong = [
            Problem(f"{path.name} row {number}", no_record(shown(record)))
            for number, record in enumerate(records, start=1)
            if not isinstance(record, dict)
        ]
        if wrong:
            raise InputError(wrong, f"{path}: {len(wrong)} of {len(records)} rows cannot be read.")
        return table_of_records(path, range(1, len(records) + 1), records)
