"""The inputs that a pretraining learns from: whatever their labels, or with their targets where it learns those."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from headstart.core.errors import InputError, UsageError
from headstart.core.progress import Progress
from headstart.core.spec import FitSpec
from headstart.core.timing import Stopwatch
from headstart.data.checks import Checked, check
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.data.readers.base import Request
from headstart.data.several_sources import read_together, sources_of
from headstart.experiment.looks import KeptLooks
from headstart.experiment.material import say_notes, say_set_aside
from headstart.frozen.store import FrontierStore
from headstart.tasks import choose_task
from headstart.tasks.base import Task


def inputs_of(
    examples: Examples, labelled: bool, store: FrontierStore, stopwatch: Stopwatch, progress: Progress
) -> Checked:
    """Those of the examples that can be decoded and are in no test split; where they are `labelled`, those with a
    target, and it.

    Raises
    ------
    InputError : there is none, or too many are damaged.
    """
    modality = MODALITIES.load(examples.modality)()
    learnt, notes = _learnt_from(examples, labelled)
    looked_at = "" if labelled else "; no label is looked at"
    progress.say(f"Read {len(learnt)} {modality.noun} from {examples.source}{looked_at}.")
    say_notes((*examples.notes, *notes), progress)
    examples = replace(learnt, targets=learnt.targets if labelled else None, splits=None)
    checked = check(examples, modality, progress, KeptLooks(store, modality), stopwatch)
    say_notes(checked.notes, progress)
    say_set_aside(checked.set_aside, progress)
    return checked


def _learnt_from(examples: Examples, labelled: bool) -> tuple[Examples, list[str]]:
    """Those of no test split, with a target where they are `labelled`; and how many others are left out.

    Raises
    ------
    InputError : there is none.
    """
    splits = examples.splits or [None] * len(examples)
    untested = examples.select([row for row, name in enumerate(splits) if name != "test"])
    if not len(untested):
        raise InputError(f"{examples.source}: holds nothing outside of its test split.")
    targets = untested.targets if labelled and untested.targets is not None else [""] * len(untested)
    learnt = untested.select([row for row, target in enumerate(targets) if not _lacks(target)])
    if not len(learnt):
        raise InputError(f"{examples.source}: nothing outside of its test split has a target.")
    left = {"of a test split": len(examples) - len(untested), "without a target": len(untested) - len(learnt)}
    return learnt, [f"Left out: {count:,} {what}." for what, count in left.items() if count]


def _lacks(target: Any) -> bool:
    """Whether it is missing, or each of several."""
    return all(each is None for each in target.values()) if isinstance(target, Mapping) else target is None


def targets_of(inputs: Checked, labelled: bool, progress: Progress) -> tuple[Task | None, Tensor]:
    """What the targets mean, and all of them encoded, (N,) or (N, C); None and (N, 0) where they are not `labelled`.

    Raises
    ------
    InputError : no task suits them. UsageError : they have places in the inputs.
    """
    if not labelled:
        return None, torch.zeros(len(inputs.examples), 0)
    targets = list(inputs.examples.targets or [])
    task, why = choose_task(targets)
    if task.reads_maps:
        raise UsageError(f"{inputs.examples.source}: pooled features are learnt, and {task.name} reads maps.")
    progress.say(f"Targets: {why}.")
    return task, task.encode(targets)


def names_of(spec: FitSpec, examples: Examples) -> str:
    """``photos and scans``: the sources' own names, as they are published; of Python objects how many they are."""
    sources = sources_of(spec.data)
    if not all(isinstance(each, str | Path) for each in sources):
        return examples.source
    return " and ".join(Path(each).resolve().name for each in sources)


def read_sources(spec: FitSpec, labelled: bool) -> Examples:
    """All that is to be learnt from, undecoded, with targets where they are `labelled`.

    Raises
    ------
    InputError : they cannot be read; no target is there.
    """
    target = spec.target if labelled else None
    requests = [
        Request(each, spec.input, target, needs_targets=labelled, may_lack=labelled, fits=False)
        for each in sources_of(spec.data)
    ]
    examples = read_together(requests)
    if labelled and examples.targets is None:
        raise InputError(f"{examples.source}: has no targets to learn from; name their column with --target.")
    return examples
