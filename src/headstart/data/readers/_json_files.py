"""What a JSON file holds, and a list of objects as a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from headstart.core.errors import InputError, Problem
from headstart.data.readers._characters import read_characters
from headstart.data.readers._numbers import load_json
from headstart.data.readers._table import Table

_FIRST_LOOK = 4096
_BEFORE = b"\xef\xbb\xbf\xff\xfe \t\r\n"
"""Byte-order marks and white space."""


def holds_list(path: Path) -> bool:
    """Whether a JSON file holds a list and no object, judged by its first character."""
    try:
        with path.open("rb") as file:
            start = file.read(_FIRST_LOOK)
    except OSError:
        return False
    return start.replace(b"\0", b"").lstrip(_BEFORE).startswith(b"[")


def read_json(path: Path, called: str) -> Any:
    """What the file holds, that a person calls so.

    Raises
    ------
    InputError : it cannot be read, is no text or no JSON.
    """
    try:
        return load_json(read_characters(path, called))
    except json.JSONDecodeError as error:
        what = f"not JSON: {error.msg} at character {error.colno}"
        raise InputError(Problem(f"{called} line {error.lineno}", what)) from error
    except RecursionError as error:
        raise InputError(Problem(called, "it is too deeply nested")) from error


def no_record(shown: str) -> str:
    """What is wrong with what should be an object, and is this."""
    return f'not an object such as {{"text": "…", "label": "…"}}, but {shown:.40}'


def table_of_records(path: Path, numbers: Sequence[int], records: Sequence[Mapping[str, Any]]) -> Table:
    """The records of a file, and the numbers of their rows; a key that a record lacks is a missing cell."""
    names = list(dict.fromkeys(name for record in records for name in record))
    return Table(
        name=path.name,
        columns={name: [record.get(name) for record in records] for name in names},
        ids=[f"{path.name} row {number}" for number in numbers],
        folder=path.parent.absolute(),
    )
