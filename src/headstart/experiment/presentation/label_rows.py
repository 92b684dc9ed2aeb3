"""The figures of each label for the report, with their intervals."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from headstart.core.by_class import ByClass
from headstart.core.results import Figure
from headstart.tasks.base import Task


def label_rows(task: Task, outputs: Tensor, encoded: Tensor, measured: ByClass | None) -> list[dict[str, Any]]:
    """Rows of :meth:`Task.per_label`, in which what has an interval is a :class:`Figure`.

    Parameters
    ----------
    outputs : calibrated. measured : what :meth:`Task.by_class` said of the same; None to ask it, where answers have
        a place: of others no column has an interval.
    """
    rows = task.per_label(outputs, encoded)
    if measured is None and task.reads_maps:
        measured = task.by_class(outputs, encoded, {})
    known = measured or {}
    return [
        {name: _figure(cell, known.get(name, {}).get(row["label"])) for name, cell in row.items()} for row in rows
    ]


def _figure(cell: Any, measured: list[float] | None) -> Any:
    """The cell itself where no interval is known."""
    return cell if measured is None else Figure(*measured)
