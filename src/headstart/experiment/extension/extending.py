"""Adds classes to a finished model without losing the old ones: a head solved anew on old features and new ones."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from headstart.core.counts import first_few, parse_share
from headstart.core.errors import InputError, NoneHeldOut, UsageError
from headstart.core.out_folders import check_out
from headstart.core.progress import Progress
from headstart.core.spec import AUTO
from headstart.core.timing import Stopwatch
from headstart.data.checks import Checked
from headstart.data.readers.base import Request
from headstart.delivery.artifact import Model, load
from headstart.experiment.extension.asked import TEST_SHARE, Asked
from headstart.experiment.extension.evidence import write_evidence
from headstart.experiment.extension.head import Material, labels_of, solved
from headstart.experiment.keeping_together import split_of
from headstart.experiment.old_examples import looked_at, memory_again
from headstart.experiment.replaying import Memory, Remembered, as_seen_by, known_among, memory_of

FEWEST_TO_JUDGE = 3
"""A class needs so many examples for one of them to be held out."""


def extend(
    model: Model | str | Path,
    data: Any,
    *,
    old_data: Any = None,
    out: str | Path | None = None,
    input: str | None = None,
    target: str | None = None,
    group: str | None = None,
    seed: int = 0,
    test_share: float = TEST_SHARE,
    forgetting: str | float | None = None,
    device: str = "auto",
    engine: str = AUTO,
    quiet: bool = False,
) -> Model:
    """A model that knows the classes of `model` and those of `data`, with the evidence of what that gave and took.

    The network stays as it is. Its new head is solved on the features of old examples that lie in the guard of the
    model (replay: Rebuffi et al. 2017, arXiv:1611.07725, of features: Hayes et al. 2020, arXiv:1910.02509) and on
    those of the new examples, so that no old example has to be there.

    Parameters
    ----------
    model : a model for classification, or its folder.
    data : examples of new classes, and perhaps more of the old ones; as for :func:`headstart.fit`. Those that the
        model has met are left out.
    old_data : the examples that the model was made from, where they are still there: all of them are learnt from
        again then, and not only those that its guard keeps.
    out : where to write the model folder; None writes nothing.
    group : a column whose rows stay in one split together, as patients do unasked; ``"none"``: not even patients.
    test_share : share of the new examples held out to judge by, where no test split is given.
    forgetting : how much accuracy the old classes may lose at most, as ``"2%"`` or 0.02, measured on what was held
        out when the model was fitted; old examples count more, and new classes are held back, as far as that takes.
        None for a point, as far as the weight of old examples does it and new classes hardly pay for it.

    Raises
    ------
    UsageError : a model of another task, or without what old classes can be learnt from again.
    InputError : the data cannot be read, are of another kind, or hold no new class.
    """
    stopwatch, progress = Stopwatch(), Progress(quiet)
    bound = None if forgetting is None else parse_share(str(forgetting))
    if group == AUTO:
        raise UsageError("No groups are inferred when a model is extended: name a column, or `none`.")
    folder = None if out is None else Path(out)
    if folder is not None:
        check_out(folder)
    old = model if isinstance(model, Model) else load(model, device, engine)
    check_extensible(old)
    memory = _memory(old, old_data, progress, stopwatch)
    found = _read(
        old,
        Request(data, input, target, group, fits=False, stack=old.stack, usual=_columns(old)),
        progress,
        stopwatch,
    )
    new = as_seen_by(old, found.examples, progress)
    material = _divided(old, found, new, memory, seed, test_share, progress)
    made = solved(old, memory, material, seed, bound)
    made.extension = replace(made.extension, seconds=stopwatch.total)
    asked = Asked(model, data, old_data, input, target, group, seed, test_share, forgetting, device, engine)
    extended = write_evidence(made, old, asked)
    if folder is not None:
        extended.save(folder)
    return extended


def _memory(model: Model, data: Any, progress: Progress, stopwatch: Stopwatch) -> Memory:
    """Old examples: from `data` where these are given, else from the guard."""
    again = data is not None
    memory = memory_again(model, data, _columns(model), progress, stopwatch) if again else memory_of(model)
    progress.say(
        f"The model tells {len(model.labels)} classes apart; {len(memory.learnt):,} "
        + ("old examples are learnt from again" if again else "of the examples that it learnt from lie in its guard")
        + f", and {len(memory.held_out):,} held-out ones judge it."
    )
    return memory


def check_extensible(model: Model) -> None:
    """Everything about `model` itself that forbids adding classes.

    Raises
    ------
    UsageError : another task, a head that is not linear, no guard, or nothing labelled that made the model.
    """
    model.task.extended([])
    if (adapted := model.result.adaptation) and adapted["kept"]:
        raise UsageError(
            f"This model was adapted to other inputs ({adapted['method']}), and a head that is solved anew would not "
            "be. Extend the model that it was adapted from, and adapt the extended one (`headstart adapt`)."
        )
    if model.result.from_names is not None:
        raise UsageError(
            "This model was made from names alone, so there are no old examples to learn from. `headstart predict "
            "MODEL DATA --labels NAME` adds a label; examples of every class are learnt from by `headstart fit`."
        )
    if not isinstance(model.network.head, nn.Linear):
        raise UsageError(
            f"The head of this model is a {type(model.network.head).__name__}; only a linear one is solved."
        )
    _ = model.needed_guard


def _read(model: Model, request: Request, progress: Progress, stopwatch: Stopwatch) -> Checked:
    """The new examples, all of which can be decoded.

    Raises
    ------
    InputError : with every mistake of the data.
    """
    checked = looked_at(model, request, progress, stopwatch)
    task = model.task.extended(_learnable(checked))
    targets = list(checked.examples.targets or [])
    if problems := task.problems(checked.examples.ids, targets):
        raise InputError(problems, f"{len(problems)} targets cannot be used:")
    if task.outputs == model.task.outputs:
        known = ", ".join(sorted({task.say(target) for target in targets})[:10])
        raise InputError(
            f"{checked.examples.source} holds no class that is new to the model ({known}). To learn from more "
            "examples of classes that it knows, fit anew on the old and the new together."
        )
    for label in labels_of(task)[model.task.outputs :]:
        if like := [one for one in map(str, model.labels) if one.casefold() == str(label).casefold()]:
            progress.say(f"  note: the new class {label!r} is written like the old {like[0]!r}; both are kept apart.")
    return checked


def _learnable(checked: Checked) -> list[Any]:
    splits = checked.examples.splits or [None] * len(checked.examples)
    return [t for t, s in zip(checked.examples.targets or [], splits, strict=True) if s != "test"]


def _divided(
    model: Model,
    checked: Checked,
    new: Remembered,
    memory: Memory,
    seed: int,
    test_share: float,
    progress: Progress,
) -> Material:
    """Without what the model has met, in two: to learn from, and to judge by."""
    met = known_among(new, [memory.learnt, memory.held_out])
    is_old = np.array([model.task.problem(target) is None for target in new.targets])
    rows = np.flatnonzero(~(met & is_old))
    rest = checked.select(rows.tolist())
    strata = model.task.strata(list(rest.examples.targets or []))
    share = test_share if max(Counter(strata).values(), default=0) >= FEWEST_TO_JUDGE else 0.0
    try:
        parts = split_of(rest, strata, seed, share, 0.0)
    except NoneHeldOut:  # all of one patient, say: they are learnt from, and the evidence says that nothing judges
        parts = split_of(rest, strata, seed, 0.0, 0.0)
    learning = np.sort(np.concatenate([parts.train, parts.validation]))
    for note in parts.notes:
        progress.say(f"  note: {note}")
    learnt, held_out = new.select(rows[learning]), new.select(rows[parts.test])
    task = model.task.extended(learnt.targets)
    added = first_few([str(label) for label in labels_of(task)[model.task.outputs :]], 10)
    progress.say(f"New classes: {added}. {len(learnt)} new examples to learn from, {len(held_out)} held out.")
    if known := int((met & is_old).sum()):
        progress.say(f"  note: {known} examples that the model has met before are left out.")
    relabelled = [new.ids[row] for row in np.flatnonzero(met & ~is_old).tolist()]
    return Material(task, checked, learnt, held_out, known, relabelled)


def _columns(model: Model) -> dict[str, str]:
    return {role: name for role, name in model.columns.items() if name}
