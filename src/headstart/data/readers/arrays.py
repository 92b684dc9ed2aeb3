"""Python objects: lists, arrays, pairs of inputs and targets, dicts of columns, data frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from headstart.core.errors import InputError, NoTargets, Problem
from headstart.data.examples import Examples
from headstart.data.readers._kinds_of_input import modality_of
from headstart.data.readers._table import Table
from headstart.data.readers._table_reader import examples_of
from headstart.data.readers._targets import clean_targets
from headstart.data.readers.base import Reader, Request

_SAMPLE = 200
_CHANNELS = (1, 3, 4)


class Arrays(Reader):
    """Inputs are paths, PIL images, arrays or strings; alone, or as a tuple with as many targets.

    A dict of columns and a pandas data frame are tables. An array of three dimensions whose last is 1, 3 or 4
    is one colour image; any other three are N grey ones, and four are N images.
    """

    caption = "a Python list of inputs, a pair (inputs, targets), a dict of lists or a data frame"

    def recognises(self, source: Any) -> bool:
        return (
            isinstance(source, list | tuple | dict | np.ndarray)
            or _is_frame(source)
            or _is_series(source)
            or (_is_picture(source))
        )

    def read(self, request: Request) -> Examples:
        source = request.source
        if _is_frame(source):
            return examples_of(_frame_table(source), request)
        if isinstance(source, dict):
            return examples_of(_dict_table(source), request)
        inputs, targets = source if _is_pair(source) else (source, None)
        return _examples(_as_list(inputs), None if targets is None else _as_list(targets), request)


def _examples(inputs: list[Any], targets: list[Any] | None, request: Request) -> Examples:
    asked = {"input": request.input, "target": request.target, "group": request.group}
    if named := [f"{what}={name!r}" for what, name in asked.items() if name is not None]:
        raise InputError(f"Lists have no columns ({', '.join(named)}). Hand over a dict of lists or a data frame.")
    if not inputs:
        raise InputError("The list of inputs is empty.")
    if targets is None and request.needs_targets:
        raise NoTargets("There are inputs but no targets. Hand over a pair: (inputs, targets).")
    if targets is not None and len(targets) != len(inputs):
        raise InputError(f"There are {len(inputs)} inputs but {len(targets)} targets; each input needs one.")
    ids = [_id(place, value) for place, value in enumerate(inputs)]
    present = [value for value in inputs if value is not None]
    name, modality = modality_of(present[:: max(1, len(present) // _SAMPLE)], "The inputs")
    return Examples(
        modality=name,
        references=[modality.locate(value, None) for value in inputs],
        ids=ids,
        targets=_cleaned(targets, ids, request),
        source=f"{len(inputs)} Python objects",
    )


def _cleaned(targets: list[Any] | None, ids: list[str], request: Request) -> list[Any] | None:
    if targets is None or not request.needs_targets:
        return None
    return clean_targets(targets, ids, "The targets", may_lack=request.may_lack)


def _id(place: int, value: Any) -> str:
    return str(value) if isinstance(value, Path) else f"input[{place}]"


def _is_pair(source: Any) -> bool:
    """A tuple of two columns. A tuple of two strings or images is two inputs."""
    if not isinstance(source, tuple) or len(source) != 2:
        return False
    return all(
        isinstance(part, list | tuple) or _is_series(part) or isinstance(part, np.ndarray) for part in source
    ) and (not isinstance(source[1], np.ndarray) or source[1].ndim == 1)


def _as_list(values: Any) -> list[Any]:
    if isinstance(values, np.ndarray):
        if values.ndim == 0:
            raise InputError("An array of no dimensions holds no inputs.")
        alone = values.ndim == 3 and values.shape[2] in _CHANNELS
        return [values] if alone else values.tolist() if values.ndim == 1 else list(values)
    return [values] if _is_picture(values) else list(values)


def _is_picture(source: Any) -> bool:
    """A PIL image, told without importing the library."""
    return hasattr(source, "getexif") and hasattr(source, "convert")


def _is_frame(source: Any) -> bool:
    return hasattr(source, "columns") and hasattr(source, "iloc")


def _is_series(source: Any) -> bool:
    return hasattr(source, "iloc") and hasattr(source, "tolist") and not _is_frame(source)


def _frame_table(frame: Any) -> Table:
    names = [str(name) for name in frame.columns]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(
            [Problem("the data frame", f"several columns are called {name!r}", "rename one") for name in twice]
        )
    columns = {name: frame.iloc[:, place].tolist() for place, name in enumerate(names)}
    rows = frame.index if frame.index.is_unique else range(len(frame))  # concatenated frames count anew
    return Table("the data frame", columns, [f"row {row}" for row in rows])


def _dict_table(columns: dict[Any, Sequence[Any]]) -> Table:
    lengths = {str(name): len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name!r} {length}" for name, length in lengths.items())
        raise InputError(f"The columns of the dict are not equally long: {shown}.")
    count = next(iter(lengths.values()), 0)
    cells = {str(name): list(values) for name, values in columns.items()}
    return Table("the dict", cells, [f"row {row}" for row in range(count)])
