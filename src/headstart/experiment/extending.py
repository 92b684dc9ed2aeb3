"""Adds classes to a finished model without losing the old ones: a head solved anew on old features and new ones."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from headstart.core.errors import InputError, UsageError
from headstart.core.progress import Progress
from headstart.core.spec import AUTO
from headstart.core.timing import Stopwatch
from headstart.data.checks import Checked, check
from headstart.data.modalities import MODALITIES
from headstart.data.read import check_kind, read
from headstart.data.readers.base import Request
from headstart.data.splits import split
from headstart.delivery.artifact import Model, load
from headstart.delivery.guard import Compared, guard_of
from headstart.experiment.extension import Extension, HeldOut, change_of_right, cross_calibrated, part, right
from headstart.experiment.extension_evidence import Extended, write_evidence
from headstart.experiment.looks import KeptLooks
from headstart.experiment.replaying import Remembered, as_seen_by, known_among, memory_of
from headstart.experiment.unfinished import check_out
from headstart.frozen.holdings import store_folder
from headstart.frozen.store import FrontierStore
from headstart.model.network import Network, set_linear
from headstart.strategies._linear_head import fit_linear_head
from headstart.tasks.base import Task

FEWEST_TO_JUDGE = 3
"""A class needs so many examples for one of them to be held out."""


def extend(
    model: Model | str | Path,
    data: Any,
    *,
    out: str | Path | None = None,
    input: str | None = None,
    target: str | None = None,
    group: str | None = None,
    seed: int = 0,
    test_share: float = 0.2,
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
    out : where to write the model folder; None writes nothing.
    test_share : share of the new examples held out to judge by, where no test split is given.

    Raises
    ------
    UsageError : a model of another task, or without what old classes can be learnt from again.
    InputError : the data cannot be read, are of another kind, or hold no new class.
    """
    stopwatch, progress = Stopwatch(), Progress(quiet)
    folder = None if out is None else Path(out)
    if folder is not None:
        check_out(folder)
    old = model if isinstance(model, Model) else load(model, device, engine)
    check_extensible(old)
    learnt, held_out = memory_of(old)
    progress.say(
        f"The model tells {len(old.labels)} classes apart; its guard keeps {len(learnt):,} of the examples that it "
        f"learnt from, and {len(held_out):,} held out."
    )
    found = _read(old, Request(data, input, target, group, fits=False, usual=_columns(old)), progress, stopwatch)
    new = as_seen_by(old, found.examples, progress)
    material = _divided(old, found, new, [learnt, held_out], seed, test_share, progress)
    made = _made(old, learnt, held_out, material, seed)
    made.extension = replace(made.extension, seconds=stopwatch.total)
    extended = write_evidence(made, old, data, seed)
    if folder is not None:
        extended.save(folder)
    return extended


def check_extensible(model: Model) -> None:
    """Everything about `model` itself that forbids adding classes.

    Raises
    ------
    UsageError : another task, a head that is not linear, no guard.
    """
    model.task.extended([])
    if not isinstance(model.network.head, nn.Linear):
        raise UsageError(
            f"The head of this model is a {type(model.network.head).__name__}; only a linear one is solved."
        )
    _ = model.needed_guard


@dataclass(frozen=True)
class Material:
    """New examples made ready: the ``task`` with their classes, those to learn from and those held out."""

    task: Task
    checked: Checked
    learnt: Remembered
    held_out: Remembered
    known: int
    relabelled: list[str]


def _read(model: Model, request: Request, progress: Progress, stopwatch: Stopwatch) -> Checked:
    """The new examples, all of which can be decoded.

    Raises
    ------
    InputError : with every mistake of the data.
    """
    examples = check_kind(read(request), model.modality)
    modality = MODALITIES.load(examples.modality)()
    progress.say(f"Read {len(examples)} {modality.noun} from {examples.source}.")
    memory = KeptLooks(FrontierStore(store_folder()), modality)
    checked = check(examples, modality, progress, memory, stopwatch)
    for note in (*examples.notes, *checked.notes):
        progress.say(f"  note: {note}")
    task = model.task.extended(_learnable(checked))
    targets = list(checked.examples.targets or [])
    if problems := task.problems(checked.examples.ids, targets):
        raise InputError(problems, f"{len(problems)} targets cannot be used:")
    if task.outputs == model.task.outputs:
        known = ", ".join(sorted({task.say(target) for target in targets})[:10])
        raise InputError(
            f"{examples.source} holds no class that is new to the model ({known}). To learn from more examples of "
            "classes that it knows, fit anew on the old and the new together."
        )
    for label in _labels(task)[model.task.outputs :]:
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
    old: list[Remembered],
    seed: int,
    test_share: float,
    progress: Progress,
) -> Material:
    """Without what the model has met, in two: to learn from, and to judge by."""
    met = known_among(new, old)
    is_old = np.array([model.task.problem(target) is None for target in new.targets])
    rows = np.flatnonzero(~(met & is_old))
    examples = checked.examples.select(rows.tolist())
    strata = model.task.strata(list(examples.targets or []))
    share = test_share if max(map(strata.count, set(strata)), default=0) >= FEWEST_TO_JUDGE else 0.0
    parts = split(
        examples, strata, seed, share, 0.0, fingerprints=[checked.fingerprints[row] for row in rows.tolist()]
    )
    learning = np.sort(np.concatenate([parts.train, parts.validation]))
    for note in parts.notes:
        progress.say(f"  note: {note}")
    learnt, held_out = new.select(rows[learning]), new.select(rows[parts.test])
    task = model.task.extended(learnt.targets)
    added = ", ".join(map(str, _labels(task)[model.task.outputs :][:10]))
    more = f" and {task.outputs - model.task.outputs - 10} more" if task.outputs - model.task.outputs > 10 else ""
    progress.say(f"New classes: {added}{more}. {len(learnt)} new examples to learn from, {len(held_out)} held out.")
    if known := int((met & is_old).sum()):
        progress.say(f"  note: {known} examples that the model has met before are left out.")
    relabelled = [new.ids[row] for row in np.flatnonzero(met & ~is_old).tolist()]
    return Material(task, checked, learnt, held_out, known, relabelled)


def _made(old: Model, learnt: Remembered, held_out: Remembered, material: Material, seed: int) -> Extended:
    """The network with its new head, its calibration and guard, and what was found."""
    task, every = material.task, learnt + material.learnt
    network = Network(copy.deepcopy(old.network.backbone), task.head(old.network.head_features), old.network.depths)
    encoded = task.encode(list(every.targets))
    solution = fit_linear_head(task, every.read_by(network), encoded, replay_weights(task, encoded), seed)
    set_linear(network.head, solution.weight, solution.bias)
    network.head_is_new = False
    network.requires_grad_(False).eval()
    judged = held_out + material.held_out
    truth = task.encode(list(judged.targets))
    outputs = judged.outputs(network)
    calibration = task.calibrate(outputs, truth)
    guard = guard_of(
        task, calibration, every.tensors(), every.ids, every.targets, judged.seen(outputs), Compared(outputs, truth),
        unseen=old.needed_guard.unseen, depths=old.needed_guard.depths,
    )  # fmt: skip
    sides = ["old"] * len(held_out) + ["new"] * len(material.held_out)
    after = HeldOut(cross_calibrated(task, outputs, truth, sides, seed), truth)
    extension = _judged(old, held_out, material, after, len(learnt), seed)
    return Extended(
        network, task, calibration, guard, after, judged, every, material.checked, extension, material.relabelled
    )


def _judged(
    old: Model, held_out: Remembered, material: Material, after: HeldOut, learnt: int, seed: int
) -> Extension:
    task = material.task
    truth = old.task.encode(list(held_out.targets))
    before = HeldOut(old.task.calibrated(held_out.outputs(old.network), old.calibration), truth)
    place, is_added = np.arange(len(after)), (after.encoded >= old.task.outputs).numpy()
    is_new = place >= len(held_out)
    same = after.select(np.flatnonzero(~is_new))
    parts = part(old.task, before), part(task, same), part(task, after)
    if parts[0] is None or parts[1] is None or parts[2] is None:
        raise UsageError(
            "This model's guard keeps no held-out examples by which old classes could be judged; fit it anew."
        )
    return Extension(
        before=parts[0],
        after=parts[1],
        taken_for_new=int((same.outputs.argmax(dim=1) >= old.task.outputs).sum()),
        change=change_of_right(right(old.task, before), right(task, same), seed),
        unseen=old.needed_guard.unseen,
        new=part(task, after.select(np.flatnonzero(is_new & is_added))),
        more=part(task, after.select(np.flatnonzero(is_new & ~is_added))),
        both=parts[2],
        added=_labels(task)[old.task.outputs :],
        learnt_old=learnt,
        learnt_new=len(material.learnt),
        kept_of=sum(old.task.describe()["counts"]),
        known=material.known,
        tuned=is_tuned(old),
    )


def replay_weights(task: Task, encoded: Tensor) -> Tensor:
    """(N,), mean 1: with them the N examples stand for all that the task was learnt from, balanced as it has it.

    Of a common class only some examples may have been kept, of a rare one all: each stands for N_c / n_c.
    """
    counts = torch.tensor(task.describe()["counts"])
    every = torch.repeat_interleave(torch.arange(task.outputs), counts)
    wanted = torch.zeros(task.outputs).index_add_(0, every, task.balance(every).float())
    weights = (wanted / torch.bincount(encoded, minlength=task.outputs).clamp(min=1))[encoded]
    return weights / weights.mean()


def is_tuned(model: Model) -> bool:
    """Whether the backbone of `model` was trained on its classes, at once or before it was extended."""
    kept = next((rung for rung in model.result.rungs if rung.kept), None)
    return bool(kept and kept.curve) or bool((model.result.extension or {}).get("tuned"))


def _labels(task: Task) -> list[Any]:
    return list(task.describe()["labels"])


def _columns(model: Model) -> dict[str, str]:
    return {role: name for role, name in model.columns.items() if name}
