"""``--group auto``: examples that belong together by their names or a column, inferred and kept in one split."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from headstart.backbones.base import Backbone
from headstart.core.errors import InputError
from headstart.core.grouping import Inferred, heeded_groups
from headstart.core.progress import Progress
from headstart.core.spec import AUTO, FitSpec
from headstart.core.timing import Stopwatch
from headstart.data.checks import MOST_SET_ASIDE
from headstart.experiment.bench import every_input, last_features, lay_out
from headstart.experiment.material import Found, Material, divided, infers, prepare


def prepared(
    found: Found,
    spec: FitSpec,
    backbone: Backbone | None,
    stopwatch: Stopwatch,
    progress: Progress,
    most: float = MOST_SET_ASIDE,
    whole: bool = False,
) -> Material:
    """The examples looked at and split, by inferred groups where they are asked for.

    Parameters
    ----------
    backbone : as for :func:`grouped`. most, whole : as for :func:`headstart.experiment.material.prepare`.

    Raises
    ------
    InputError : with every mistake of the examples.
    """
    material = prepare(found, spec, stopwatch, progress, most, whole)
    if not infers(found, spec) or not material.split.judges:
        return material
    return grouped(found, material, spec, backbone, stopwatch, progress)


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
    examples = material.examples
    if AUTO in examples.further:
        progress.say(f"  note: --group {AUTO} infers groups; to group by the column {AUTO!r}, give it another name.")
    features = None if backbone is None else _features(material, spec, backbone, stopwatch, progress)
    strata = found.task.strata(list(examples.targets or []))
    inferred = heeded_groups(list(examples.ids), features, strata, examples.further)
    otherwise = "the split is at random" if examples.splits is None else "the given splits are kept"
    if inferred is None:
        progress.say(f"Groups: neither names nor columns show examples that belong together; {otherwise}.")
        return _divided(found, material, spec, None, progress)
    progress.say(_said(inferred, given=examples.splits is not None))
    try:
        return _divided(found, material, spec, inferred.groups, progress)
    except InputError as error:
        progress.say(f"  note: They cannot be kept whole, so {otherwise}. {error}")
        return _divided(found, material, spec, None, progress)


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


def _said(inferred: Inferred, given: bool) -> str:
    """How many groups, where they were read, and why they are believed."""
    alike = inferred.likeness
    why = (
        "; the names alone say so"
        if alike is None
        else f"; members are more alike than others of their class in {100 * alike:.0f} % of comparisons"
    )
    kept = "The given splits are kept; what is divided keeps them whole." if given else "Each stays in one split."
    return (
        f"Groups: {inferred.count:,} of examples that belong together, read from {inferred.pattern} (e.g. "
        f"{', '.join(inferred.example)}){why}. {kept}"
    )
