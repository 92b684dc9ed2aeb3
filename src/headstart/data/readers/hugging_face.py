"""Hugging Face data sets: a folder written by ``save_to_disk``, or a name on the hub."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headstart.core.errors import InputError, first_line
from headstart.core.optional import require
from headstart.data.examples import Examples
from headstart.data.readers._folders import SPLIT_NAMES, folder_kind, is_path
from headstart.data.readers._table import Table
from headstart.data.readers._table_reader import examples_of
from headstart.data.readers.base import Reader, Request

_PREFIX = "hf:"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_FILE_ENDING = re.compile(r"\.[A-Za-z]\w{0,7}$")


class HuggingFace(Reader):
    """Needs the extra ``hub``. Images stay encoded where they lie; class numbers become class names."""

    caption = "a Hugging Face data set (a folder from save_to_disk, or hf:owner/name)"

    def recognises(self, source: Any) -> bool:
        return folder_kind(source) == "data set" or hub_name(source) is not None

    def read(self, request: Request) -> Examples:
        datasets = require("datasets", "hub", f"Reading {request.source}")
        name = hub_name(request.source)
        try:
            data = datasets.load_from_disk(str(request.source)) if name is None else datasets.load_dataset(name)
        except Exception as error:  # whatever the library, the network or a damaged file raises
            where = request.source if name is None else f"the data set {name!r} on the Hugging Face hub"
            raise InputError(f"Could not read {where}: {first_line(error)}") from error
        parts = dict(data) if isinstance(data, dict) else {None: data}
        return examples_of(_table(str(request.source), parts, datasets), request)


def hub_name(source: Any) -> str | None:
    """The name of a data set on the hub: ``hf:owner/name``, or ``owner/name`` that cannot be a local path."""
    if not isinstance(source, str):
        return None
    if source.startswith(_PREFIX):
        return source.removeprefix(_PREFIX)
    local = is_path(source) and (Path(source).exists() or Path(source).parent.exists())
    return source if _NAME.fullmatch(source) and not _FILE_ENDING.search(source) and not local else None


@dataclass(frozen=True)
class StoredFile:
    """One encoded file (an image, a recording) inside a data set; its bytes are read when asked for."""

    rows: Any
    row: int
    column: str

    def read_bytes(self) -> bytes:
        """The file as it was stored."""
        cell = self.rows[self.row][self.column]
        return cell["bytes"] or Path(cell["path"]).read_bytes()


def _table(name: str, parts: dict[Any, Any], datasets: Any) -> Table:
    """One table of all splits with a known name."""
    known = {key: rows for key, rows in parts.items() if key is None or str(key).lower() in SPLIT_NAMES}
    if not known:
        raise InputError(f"{name} has the splits {', '.join(map(str, parts))}; one must be called train or test.")
    dropped = [str(key) for key in parts if key not in known]
    columns: dict[str, list[Any]] = {column: [] for column in next(iter(known.values())).column_names}
    ids, splits = [], []
    for key, rows in known.items():
        for column, cells in columns.items():
            if column not in rows.column_names:
                raise InputError(f"{name}: the split {key!r} has no column {column!r}.")
            cells += _cells(rows, column, datasets)
        ids += [f"{key or name} row {row}" for row in range(1, len(rows) + 1)]
        splits += [None if key is None else SPLIT_NAMES[str(key).lower()]] * len(rows)
    return Table(
        name=name,
        columns=columns,
        ids=ids,
        splits=splits if None not in known else None,
        notes=(f"Left out, no split's name: {', '.join(dropped)}.",) if dropped else (),
    )


def _cells(rows: Any, column: str, datasets: Any) -> list[Any]:
    feature = rows.features[column]
    if isinstance(feature, datasets.Image):
        encoded = rows.select_columns([column]).cast_column(column, datasets.Image(decode=False))
        return [StoredFile(encoded, row, column) for row in range(len(rows))]
    if isinstance(feature, datasets.Audio):
        encoded = rows.select_columns([column]).cast_column(column, datasets.Audio(decode=False))
        return [StoredFile(encoded, row, column) for row in range(len(rows))]
    return [_named(value, feature, datasets) for value in rows[column]]


def _named(value: Any, feature: Any, datasets: Any) -> Any:
    """Class numbers as names, also inside lists; -1 and None mean that there is none."""
    if isinstance(feature, datasets.ClassLabel):
        return None if value is None or value < 0 else feature.int2str(value)
    inner = getattr(feature, "feature", None)
    if isinstance(value, list) and isinstance(inner, datasets.ClassLabel):
        return [_named(item, inner, datasets) for item in value]
    return value
