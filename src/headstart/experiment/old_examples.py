"""Examples that a finished model is to learn from: read as it reads them, the old ones divided as they were."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np

from headstart.core.counts import first_few
from headstart.core.errors import InputError, UsageError
from headstart.core.progress import Progress
from headstart.core.spec import group_column
from headstart.core.timing import Stopwatch
from headstart.data.checks import Checked, check
from headstart.data.modalities import MODALITIES
from headstart.data.read import check_kind, read
from headstart.data.readers.base import Request
from headstart.data.splits import Split
from headstart.delivery.artifact import Model
from headstart.delivery.provenance import SEED
from headstart.experiment.keeping_together import split_of, with_near_families
from headstart.experiment.looks import KeptLooks
from headstart.experiment.patients import with_patients
from headstart.experiment.replaying import Memory, Remembered, as_seen_by, memory_of
from headstart.frozen.holdings import store_folder
from headstart.frozen.store import FrontierStore


def looked_at(model: Model, request: Request, progress: Progress, stopwatch: Stopwatch) -> Checked:
    """The examples that `model` can take, each decoded once, patients together unless the request asks for NONE.

    Raises
    ------
    InputError : with every mistake of the data; or they are of another kind.
    """
    examples = check_kind(read(replace(request, group=group_column(request.group))), model.modality)
    modality = MODALITIES.load(examples.modality)()
    examples = with_patients(examples, modality, request.group)
    progress.say(f"Read {len(examples)} {modality.noun} from {examples.source}.")
    store = FrontierStore(store_folder())
    memory = KeptLooks(store, modality)
    checked = check(examples, modality, progress, memory, stopwatch)
    for note in (*examples.notes, *checked.notes):
        progress.say(f"  note: {note}")
    return with_near_families(checked, modality, memory, store)


def request_again(model: Model, data: Any, columns: dict[str, str]) -> Request:
    """How the examples that `model` was made from are read again; `columns` of a table, by role."""
    input, target, group = (columns.get(role) for role in ("input", "target", "group"))
    return Request(data, input, target, group, fits=False, stack=model.stack, usual=columns)


def memory_again(
    model: Model, data: Any, columns: dict[str, str], progress: Progress, stopwatch: Stopwatch
) -> Memory:
    """All the examples that `model` was made from, in the place of those that its guard keeps; of a class of which
    there are none, those.

    They are divided as they were for the fit, which shows by the guard: the examples that it names as held out are
    so again. Else the old model may have learnt from some that judge it now, and that is said.

    Parameters
    ----------
    columns : of a table, by role.

    Raises
    ------
    InputError : with every mistake of the data, or they hold a class that the model does not know; or none of one
        of which the guard keeps none either.
    """
    checked = looked_at(model, request_again(model, data, columns), progress, stopwatch)
    targets = list(checked.examples.targets or [])
    if problems := model.task.problems(checked.examples.ids, targets):
        raise InputError(problems, f"{len(problems)} targets of the old examples do not fit this model:")
    parts, unseen = divided_as_before(model, checked)
    seen = as_seen_by(model, checked.examples, progress)
    classes, learning = model.task.encode(targets).numpy(), np.concatenate([parts.train, parts.validation])
    # A division anew may hold out all of a class, as one group: that is learnt from.
    unlearnt = ~np.isin(classes[parts.test], classes[learning])
    learnt = seen.select(np.sort(np.concatenate([learning, parts.test[unlearnt]])))
    held_out = seen.select(parts.test[~unlearnt])
    if not unseen:
        progress.say(
            "  note: these are not divided as they were when the model was fitted; it may have learnt from some of "
            "the old examples that judge it now."
        )
    return _with_all_classes(model, Memory(learnt, held_out, unseen, len(learnt)), progress)


def _with_all_classes(model: Model, memory: Memory, progress: Progress) -> Memory:
    """`memory`, and what the guard keeps of classes that it has no example of: so that they are not lost."""
    known = {model.task.say(target) for target in memory.learnt.targets}
    absent = [label for label in map(model.task.say, model.labels) if label not in known]
    if not absent:
        return memory
    try:
        kept = memory_of(model)
        learnt, held_out = (_of_classes(model, part, absent) for part in (kept.learnt, kept.held_out))
        found = {model.task.say(target) for target in learnt.targets}
    except UsageError:  # it keeps nothing that can be learnt from again
        found = set()
    if lost := [label for label in absent if label not in found]:
        raise InputError(
            f"The old examples hold none of {first_few(lost)}, and the model's guard keeps none: nothing "
            "would be left of what was learnt of them. Add examples of these classes."
        )
    progress.say(f"  note: they hold none of {first_few(absent)}; what the model's guard keeps is taken.")
    counts = dict(zip(map(model.task.say, model.labels), model.task.describe()["counts"], strict=True))
    drawn_from = memory.drawn_from + sum(counts[label] for label in absent)
    return Memory(memory.learnt + learnt, memory.held_out + held_out, memory.unseen, drawn_from)


def _of_classes(model: Model, part: Remembered, labels: Collection[str]) -> Remembered:
    return part.select([i for i, target in enumerate(part.targets) if model.task.say(target) in labels])


def divided_as_before(model: Model, checked: Checked) -> tuple[Split, bool]:
    """How the examples that `model` was made from were divided for its fit, and whether its guard bears that out.

    It does where all that it names as held out is held out again, had not been learnt from, and is as many: by
    another share for testing it would be held out among others that had been learnt from.
    """
    targets, seed = list(checked.examples.targets or []), int(model.provenance.get(SEED, 0))
    parts = split_of(checked, model.task.strata(targets), seed)
    guard, tested = model.needed_guard, {checked.examples.ids[row] for row in parts.test}
    same = set(guard.held_out_ids) <= tested and model.result.examples.test == len(parts.test)
    return parts, guard.unseen and bool(guard.held_out_ids) and same
