"""Writes predictions as a table: CSV, JSON lines or Parquet, chosen by the file's ending."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.core.errors import UsageError, nearest
from headstart.core.files import write_whole
from headstart.core.optional import require
from headstart.core.paths import legible

if TYPE_CHECKING:
    from headstart.tasks.base import Predictions

Columns = dict[str, list[Any]]

NOT_IN_TABLES = frozenset({"masks"})
"""Columns that no cell can hold; a folder of answers has them."""

JOINED = "nearest"
"""The column of lists of names, which a CSV file holds joined by ``|``, as sets are; the others hold it as a list."""

FLAG = "is_unfamiliar"
"""The column of what is so or is not, which a CSV file holds as ``true`` or ``false``."""


def write_predictions(target: Path, inputs: Sequence[str], predictions: Predictions) -> None:
    """Write N rows ``input,label,probability`` (further columns behind) to `target`, whole or not at all.

    There is no ``probability`` where the task gives none.

    Parameters
    ----------
    target : ends in ``.csv``, ``.jsonl`` or ``.parquet``.
    inputs : N names of the inputs: paths, rows, or the texts themselves.
    predictions : N predictions; columns called ``probability…`` are written with 6 significant digits.

    Raises
    ------
    UsageError : another ending.
    MissingDependency : ``.parquet`` without pyarrow.
    HeadstartError : the disk is full or not writable.
    """
    target = Path(target)
    write = _writer(target)
    write_whole(target, write(_columns(inputs, predictions)))


def csv_text(inputs: Sequence[str], predictions: Predictions) -> str:
    """The predictions as they would stand in a ``.csv`` file."""
    return _csv(_columns(inputs, predictions)).decode()


def check_target(target: Path) -> None:
    """Fail before the work is done, not after, when `target` cannot be written in a known format.

    Raises
    ------
    UsageError, MissingDependency : as :func:`write_predictions` would.
    """
    if _writer(Path(target)) is _parquet:
        require("pyarrow.parquet", "parquet", "Writing Parquet")


def _columns(inputs: Sequence[str], predictions: Predictions) -> Columns:
    if len(inputs) != len(predictions):
        raise ValueError(f"{len(inputs)} inputs but {len(predictions)} predictions")
    columns: Columns = {"input": [_plain(value) for value in inputs]}
    for name, values in predictions.columns.items():
        if name in NOT_IN_TABLES:
            continue
        shown = name.startswith("probability") or "_probability" in name
        columns[name] = [_plain(value, digits=6 if shown else None) for value in values]
    return columns


def _writer(target: Path) -> Callable[[Columns], bytes]:
    ending = target.suffix.lower()
    if ending not in _WRITERS:
        raise UsageError(
            f"Predictions cannot be written to {target.name!r}: its ending must be one of "
            f"{', '.join(_WRITERS)}.{nearest(ending, _WRITERS)}"
        )
    return _WRITERS[ending]


def _csv(columns: Columns) -> bytes:
    text = io.StringIO()
    minimal = csv.writer(text, lineterminator="\n")
    # Before Python 3.13 a lone carriage return is not quoted when lines end in "\n", and would split the row.
    quoted = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    columns = {name: _flat(name, values) for name, values in columns.items()}
    minimal.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        cells = [_cell(value) for value in row]
        (quoted if any("\r" in cell for cell in cells) else minimal).writerow(cells)
    return text.getvalue().encode()


def _jsonl(columns: Columns) -> bytes:
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    return "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows).encode()


def _parquet(columns: Columns) -> bytes:
    require("pyarrow", "parquet", "Writing Parquet")
    parquet = require("pyarrow.parquet", "parquet", "Writing Parquet")
    import pyarrow

    buffer = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pydict(columns), buffer)
    return buffer.getvalue()


_WRITERS: dict[str, Callable[[Columns], bytes]] = {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}


def _plain(value: Any, digits: int | None = None) -> Any:
    """`value` as plain Python that all three formats hold; NaN and infinities become None."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, np.floating):
        value = float(str(value))  # the shortest decimal: a float32 0.1 stays 0.1
    elif isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return value if digits is None else float(f"{value:.{digits}g}")
    if isinstance(value, list | tuple):
        return [_plain(item, digits) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item, digits) for key, item in value.items()}
    if value is None or isinstance(value, bool | int):
        return value
    return legible(str(value))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def _flat(name: str, values: list[Any]) -> list[Any]:
    """The column as a CSV file holds it."""
    if name == JOINED:
        return ["|".join(names) for names in values]
    return [_yes_or_no(value) for value in values] if name == FLAG else values


def _yes_or_no(value: Any) -> Any:
    """``true`` or ``false``, as JSON and spreadsheets write it; labels that are booleans stay as they were given."""
    return str(value).lower() if isinstance(value, bool) else value
