"""JSON Lines: one JSON object a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from headstart.core.errors import InputError, Problem
from headstart.data.readers._characters import lines_of, read_characters
from headstart.data.readers._json_files import no_record, table_of_records
from headstart.data.readers._numbers import load_json
from headstart.data.readers._table import Table
from headstart.data.readers._table_reader import TableReader


class Jsonl(TableReader):
    """The keys are columns; a key that a line lacks is a missing cell. Targets may be lists of words."""

    caption = "a JSON Lines file (.jsonl)"
    table_suffixes = frozenset({".jsonl", ".ndjson"})

    def table(self, path: Path) -> Table:
        rows: list[tuple[int, dict[str, Any]]] = []
        problems = []
        for number, line in enumerate(lines_of(read_characters(path)), start=1):
            if not line.strip():
                continue
            try:
                rows.append((number, _object(line)))
            except ValueError as error:
                problems.append(Problem(f"{path.name} row {number}", str(error)))
        if problems:
            raise InputError(problems, f"{path}: {len(problems)} lines cannot be read.")
        return table_of_records(path, [number for number, _ in rows], [row for _, row in rows])


def _object(line: str) -> dict[str, Any]:
    try:
        value = load_json(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at character {error.pos + 1}") from error
    except RecursionError as error:
        raise ValueError("too deeply nested") from error
    if not isinstance(value, dict):
        raise ValueError(no_record(line.strip()))
    return value
