"""``--group auto``: examples that belong together by their names or a column, inferred and kept in one split."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from headstart.backbones.base import Backbone
from headstart.core.errors import InputError
from headstart.core.grouping import Inferred, infer_groups
from headstart.core.progress import Progress
from headstart.core.spec import AUTO, FitSpec
from headstart.core.timing import Stopwatch
from headstart.data.readers import READERS
from headstart.data.readers._table_reader import TableReader
from headstart.data.readers.base import columns_named
from headstart.experiment.bench import every_input, last_features, lay_out
from headstart.experiment.material import Found, Material, divided, prepare


def prepared(
    found: Found, spec: FitSpec, backbone: Backbone | None, stopwatch: Stopwatch, progress: Progress
) -> Material:
    """The examples looked at and split, by inferred groups where they are asked for; `backbone` as for `grouped`.

    Raises
    ------
    InputError : with every mistake of the examples.
    """
    material = prepare(found, spec, stopwatch, progress)
    return grouped(found, material, spec, backbone, stopwatch, progress) if spec.group == AUTO else material


def grouped(
    found: Found,
    material: Material,
    spec: FitSpec,
    backbone: Backbone | None,
    stopwatch: Stopwatch,
    progress: Progress,
) -> Material:
    """The same examples divided so that inferred groups stay whole; at random, which is said, where there are none.

    Parameters
    ----------
    backbone : its features show whether members of a group are alike, by which any names are believed; else only
        names that say it are. The features lie in the store, or are computed once more where there is none.
    """
    columns = further_columns(spec.data, material)
    if AUTO in columns:
        progress.say(f"  note: --group {AUTO} infers groups; to group by the column {AUTO!r}, give it another name.")
    features = None if backbone is None else _features(material, spec, backbone, stopwatch, progress)
    strata = found.task.strata(list(material.examples.targets or []))
    ids = list(material.examples.ids)
    # Who asks for it wants to be safe: names that say it are heeded even where their members look no more alike.
    inferred = infer_groups(ids, features, strata, columns) or infer_groups(ids, None, strata, columns)
    if inferred is None:
        progress.say("Groups: neither names nor columns show examples that belong together; split at random.")
        return _divided(found, material, spec, None, progress)
    progress.say(_said(inferred))
    try:
        return _divided(found, material, spec, inferred.groups, progress)
    except InputError as error:
        progress.say(f"  note: They cannot be kept whole, so the split is at random. {error}")
        return _divided(found, material, spec, None, progress)


def further_columns(source: Any, material: Material) -> dict[str, list[Any]]:
    """The columns of a table that are neither input nor target, for the examples that can be used."""
    if not isinstance(source, str | Path):
        return {}
    path = Path(source).expanduser()
    readers = (READERS.load(name)() for name in READERS.names())
    reader = next((each for each in readers if isinstance(each, TableReader) and each.recognises(path)), None)
    if reader is None:
        return {}
    table = reader.table(path)
    row_of = {name: row for row, name in enumerate(table.ids)}
    rows = [row_of.get(name) for name in material.examples.ids]  # none of another table's
    taken = {name for given in material.examples.columns.values() for name in columns_named(given, table.columns)}
    return {
        name: [None if row is None else cells[row] for row in rows]
        for name, cells in table.columns.items()
        if name not in taken
    }


def _features(
    material: Material, spec: FitSpec, backbone: Backbone, stopwatch: Stopwatch, progress: Progress
) -> np.ndarray:
    """The last features of every example, (N, D)."""
    with tempfile.TemporaryDirectory(prefix="headstart-groups-") as folder:
        bench = lay_out(spec, material, backbone, stopwatch, progress, Path(folder))
        return last_features(backbone, bench, every_input(material, bench)).numpy()


def _divided(
    found: Found, material: Material, spec: FitSpec, groups: Sequence[str] | None, progress: Progress
) -> Material:
    checked, whole = material.checked, None if groups is None else list(groups)
    checked = replace(checked, examples=replace(checked.examples, groups=whole))
    return divided(checked, found.task, spec, material.looked, material.store, progress)


def _said(inferred: Inferred) -> str:
    """How many groups, where they were read, and why they are believed."""
    alike = inferred.likeness
    why = (
        "; the names alone say so"
        if alike is None
        else f"; members are more alike than others of their class in {alike:.0%} of comparisons"
    )
    return (
        f"Groups: {inferred.count:,} of examples that belong together, read from {inferred.pattern} (e.g. "
        f"{', '.join(inferred.example)}){why}. Each stays in one split."
    )
