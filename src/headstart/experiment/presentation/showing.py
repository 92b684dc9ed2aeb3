"""Which examples the report shows, the most important first, and what they look like, within a bound of time."""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from torch import Tensor

from headstart.core.results import Finding
from headstart.data.checks import Checked
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.delivery.report.evidence import Case
from headstart.experiment.presentation.kept_pictures import KeptPictures
from headstart.frozen.holdings import store_folder
from headstart.frozen.store import FrontierStore
from headstart.tasks.base import Task

MOST = 1000
"""Examples shown on one page."""

PER_CELL = 24
"""Examples of one cell of the confusion matrix."""

PER_FINDING = 24

SHARE = 0.02
LEAST_SECONDS = 2.0
"""Pictures may take this share of the budget to make, and this long in any case."""

_AT_ONCE = 32


def cases(task: Task, ids: Sequence[str], truths: Sequence[str], outputs: Tensor, encoded: Tensor) -> list[Case]:
    """Judged examples by the cell of the confusion matrix they lie in: mistakes first, then a few of every cell.

    Of mistakes the most confident come first, of right predictions the least confident, cell by cell in turn.
    None where the task has no such matrix, or its names are not those of the predictions.

    Parameters
    ----------
    truths : N targets as a person reads them; `ids` are N names. outputs : calibrated, (N, C).
    """
    table = task.confusion(outputs, encoded)
    if table is None:
        return []
    told = task.decode(outputs, {})
    place = {str(label): number for number, label in enumerate(table[0])}
    cells: dict[tuple[int, int], list[Case]] = defaultdict(list)
    for name, truth, label, sure in zip(ids, truths, told.columns["label"], told.probability, strict=True):
        at = place.get(truth), place.get(task.say(label))
        if at[0] is None or at[1] is None:
            return []
        cells[at[0], at[1]].append(Case(at[0], at[1], name, sure if isinstance(sure, float) else None))
    if any(len(some) != table[1][at] for at, some in cells.items()):
        return []
    return _in_turn({at: some for at, some in cells.items() if at[0] != at[1]}, -1) + _in_turn(
        {at: some for at, some in cells.items() if at[0] == at[1]}, 1
    )


def _in_turn(cells: Mapping[tuple[int, int], list[Case]], sign: int) -> list[Case]:
    """One of each cell, then another of each, …; within a cell by rising `sign` times the confidence."""
    ordered = [sorted(some, key=lambda case: sign * (case.probability or 0.0))[:PER_CELL] for some in cells.values()]
    return [case for turn in itertools.zip_longest(*ordered) for case in turn if case is not None]


def named_by(findings: Sequence[Finding]) -> list[str]:
    """The ids of the examples of findings, finding by finding, only the first of each."""
    return [example.id for finding in findings for example in finding.examples[:PER_FINDING]]


def fragments(checked: Checked, wanted: Iterable[str], budget: float, keep: bool = False) -> dict[str, str]:
    """HTML fragments of the examples `wanted`, by id, in that order, each once: as many as time and MOST allow.

    Parameters
    ----------
    budget : seconds of the whole fit.
    keep : keep what takes time to make for the next report.
    """
    examples = checked.examples
    row_of = {name: row for row, name in reversed(list(enumerate(examples.ids)))}
    ids = [name for name in dict.fromkeys(wanted) if name in row_of][:MOST]
    store = FrontierStore(store_folder()) if keep else None
    pictures = KeptPictures(store, MODALITIES.load(examples.modality)())
    until = time.perf_counter() + max(LEAST_SECONDS, SHARE * budget)
    made: list[str] = []
    for start in range(0, len(ids), _AT_ONCE):
        if start and time.perf_counter() > until:
            break
        rows = [row_of[name] for name in ids[start : start + _AT_ONCE]]
        made += pictures.of([examples.references[i] for i in rows], [checked.fingerprints[i] for i in rows])
    pictures.keep()
    return dict(zip(ids, made, strict=False))


def truths_of(task: Task, examples: Examples, shown: Iterable[str]) -> dict[str, str]:
    """The target of each example `shown`, as a person reads it."""
    wanted = set(shown)
    rows = zip(examples.ids, examples.targets or [], strict=False)
    return {name: task.say(target) for name, target in rows if name in wanted}


def few_of_each(strata: Sequence[str], each: int, most: int) -> np.ndarray:
    """Places of the first `each` examples of the first `most` strata, in the order of the strata's names."""
    taken: dict[str, list[int]] = {}
    for place, stratum in enumerate(strata):
        if stratum in taken or len(taken) < most:
            row = taken.setdefault(stratum, [])
            if len(row) < each:
                row.append(place)
    return np.array([place for name in sorted(taken) for place in taken[name]], dtype=int)
