"""What is known of each of several targets before training, among the examples where it is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from headstart.diagnosis.base import Evidence
from headstart.tasks.base import Task


def memberships(task: Task, targets: Mapping[str, Sequence[Any]]) -> dict[str, np.ndarray]:
    """By split, which of its labels (n, C) each example has; empty where it has one, or there are none."""
    count = len(task.describe().get("labels", ()))
    encoded = {split: task.encode(values) for split, values in targets.items()} if count else {}
    return {split: (each > 0).numpy() for split, each in encoded.items() if each.shape[1:] == (count,)}


def parts_of(evidence: Evidence, task: Task) -> dict[str, Evidence]:
    """The evidence of each part of `task`, by name; empty where it is one thing."""
    encoded = {split: task.encode(targets) for split, targets in evidence.targets.items()}
    parts = task.parts(task.encode([]))
    if len(parts) == 1:
        return {}
    rows = {split: [part.rows.numpy() for part in task.parts(each)] for split, each in encoded.items()}
    return {
        part.name: _one(evidence, part.name, part.task, {split: own[i] for split, own in rows.items() if len(own[i])})
        for i, part in enumerate(parts)
    }


def _one(evidence: Evidence, name: str, task: Task, rows: Mapping[str, np.ndarray]) -> Evidence:
    targets = {split: [evidence.targets[split][row][name] for row in own] for split, own in rows.items()}
    return Evidence(
        targets=targets,
        ids=_picked(evidence.ids, rows),
        fingerprints=_picked(evidence.fingerprints, rows),
        figures={},
        strata={split: task.strata(own) for split, own in targets.items()},
        mistakes={},
        watched=task.watched,
        higher_is_better=task.higher_is_better,
        given=evidence.given,
        traits={
            split: {trait: values[rows[split]] for trait, values in own.items()}
            for split, own in evidence.traits.items()
            if split in rows
        },
        labels=[str(label) for label in task.describe().get("labels", ())],
        normalised=_picked(evidence.normalised, rows),
        groups=_picked(evidence.groups, rows),
        columns={
            split: {name: [cells[row] for row in rows[split]] for name, cells in own.items()}
            for split, own in evidence.columns.items()
            if split in rows
        },
        opened=evidence.opened,
        memberships=memberships(task, targets),
    )


def with_features(
    evidence: Evidence, features: Mapping[str, np.ndarray], task: Task, probabilities: Mapping[str, Any]
) -> dict[str, Evidence]:
    """The parts of `evidence` with their `features` by split, and `probabilities` by part and split where known."""
    encoded = {split: task.encode(targets) for split, targets in evidence.targets.items()}
    known = {split: task.parts(each) for split, each in encoded.items()}
    found = {}
    for i, (name, part) in enumerate(evidence.parts.items()):
        own = {split: features[split][parts[i].rows.numpy()] for split, parts in known.items() if split in part.ids}
        found[name] = replace(part, features=own, probabilities=probabilities.get(name, {}))
    return found


def _picked(column: Mapping[str, Sequence[Any]], rows: Mapping[str, np.ndarray]) -> dict[str, list[Any]]:
    return {split: [values[row] for row in rows[split]] for split, values in column.items() if split in rows}
