"""Chooses the task from the targets, or brings back the one a model was trained for."""

from __future__ import annotations

import reprlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from headstart.core.errors import InputError
from headstart.core.names import Name
from headstart.core.registry import Registry
from headstart.tasks._targets import kind_of

if TYPE_CHECKING:
    from headstart.tasks.base import Task

TASKS = Registry("headstart.tasks", "task")


def choose_task(targets: Sequence[Any], name: str | None = None) -> tuple[Task, str]:
    """The task for these training targets, and a sentence that says which and why.

    Parameters
    ----------
    targets : raw training targets.
    name : the task asked for, or None for the one that suits the targets best.

    Raises
    ------
    UsageError : there is no task `name`.
    InputError : no task suits the targets, or the one chosen cannot be made from them.
    """
    if name is not None:
        asked: Task = TASKS.load(name).from_targets(targets)
        said = asked.said_of(targets)
        return asked, f"{name}: as asked" + (f"; {said}" if said else "")
    judged = [(*TASKS.load(candidate).suits(targets), candidate) for candidate in TASKS.names()]
    score, why, best = max(judged, key=lambda judgement: judgement[0])
    if score <= 0:
        raise InputError(_nothing_suits(targets, [(candidate, reason) for _, reason, candidate in judged]))
    return TASKS.load(best).from_targets(targets), f"{best}: {why}"


def task_of_names(names: Sequence[Name], asked: str | None = None) -> Task:
    """The task of telling classes with these names apart, without any example.

    Raises
    ------
    UsageError : there is no task `asked`, or its targets have no names.
    """
    task: Task = TASKS.load(asked or "classification").of_names(names)
    return task


def task_from_description(description: Mapping[str, Any]) -> Task:
    """The task that ``Task.describe()`` described, under its ``name``.

    Raises
    ------
    UsageError : this installation has no task of that name.
    """
    task: Task = TASKS.load(description["name"]).from_description(description)
    return task


def _nothing_suits(targets: Sequence[Any], reasons: Sequence[tuple[str, str]]) -> str:
    counts = Counter(kind_of(target) for target in targets)
    first = {kind: next(t for t in targets if kind_of(t) == kind) for kind in counts}
    seen = ", ".join(f"{count} × {kind} (e.g. {reprlib.repr(first[kind])})" for kind, count in counts.most_common())
    why = "; ".join(f"{name}: {reason}" for name, reason in reasons)
    return (
        f"No task suits these {len(targets)} targets. Seen: {seen or 'none'}. {why}. "
        "Check the target column (--target), or name the task with --task."
    )
