"""Gathers what is known of examples before training: what they look like, and where they lie in features."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from headstart.backbones.base import Backbone
from headstart.core.arrays import bytes_of
from headstart.core.boxes import Boxes
from headstart.core.errors import UsageError
from headstart.core.files import digest
from headstart.core.timing import say_duration
from headstart.data.examples import SPLITS
from headstart.data.modalities import MODALITIES
from headstart.data.splits import few_of_each
from headstart.diagnosis.base import LEARNT, Evidence
from headstart.experiment.bench import every_input, last_features
from headstart.experiment.examination.looking_at_parts import memberships, parts_of, with_features
from headstart.experiment.looks import looks_of
from headstart.experiment.material import Material
from headstart.experiment.out_of_fold import out_of_fold, predicted_seconds, stratified_folds
from headstart.strategies._kept_heads import SOLVER
from headstart.strategies._kept_outputs import keep_outputs, outputs_before
from headstart.tasks.base import Task
from headstart.training.workbench import Workbench

MOST_KEPT = 10**7
"""Outputs beyond which they are solved again rather than kept."""


def look_before(material: Material, opened: Sequence[str] = LEARNT) -> Evidence:
    """What shows without a backbone: contents, targets, traits, sketches.

    Parameters
    ----------
    opened : the splits whose targets may be looked at; what the test split's are is for the end of a fit.

    Raises
    ------
    InputError : an input vanished since it was checked.
    """
    examples, task, prints = material.examples, material.task, material.checked.fingerprints
    looks = looks_of(material.checked, MODALITIES.load(examples.modality)(), material.looked)
    rows = _rows(material)
    targets = {name: material.targets(part) for name, part in rows.items()}
    evidence = Evidence(
        # Of near copies masks need not be the same; boxes are compared by how many there are of each class.
        targets={} if task.reads_maps and not _are_boxes(examples.targets) else targets,
        ids=_by_split(rows, examples.ids),
        fingerprints=_by_split(rows, prints),
        figures={},
        strata={name: task.strata(values) for name, values in targets.items()},
        mistakes={},
        watched=task.watched,
        higher_is_better=task.higher_is_better,
        given=[name for name in SPLITS if name in set(examples.splits or ())],
        traits={name: {trait: v[part] for trait, v in looks.traits.items()} for name, part in rows.items()},
        sketches={} if looks.sketches is None else {name: looks.sketches[part] for name, part in rows.items()},
        labels=[str(label) for label in task.describe().get("labels", ())],
        normalised=_by_split(rows, material.checked.normalised or None),
        alike=_by_split(rows, material.checked.alike or None),
        groups=_by_split(rows, examples.groups),
        columns={
            split: {name: [cells[i] for i in part] for name, cells in examples.further.items()}
            for split, part in rows.items()
        },
        opened=tuple(opened),
        memberships=memberships(task, targets),
        set_aside=material.checked.set_aside,
    )
    parts = parts_of(evidence, task)
    return replace(evidence, parts=parts, strata={}) if parts else evidence


def _are_boxes(targets: Sequence[Any] | None) -> bool:
    return bool(targets) and isinstance((targets or [None])[0], Boxes)


def look_deeper(
    evidence: Evidence, material: Material, backbone: Backbone, bench: Workbench, allowed: float = math.inf
) -> Callable[[], Evidence]:
    """The same with features of the frozen `backbone`, and what a head that did not see an example makes of it.

    The features are those that feature extraction reads: they are computed for both, or lie in the store already.
    What is handed back solves the heads, and may be called beside other work: it runs no network.

    Parameters
    ----------
    allowed : seconds that solving the heads may take; beyond that they are left out, and that is said.
    """
    rows = _rows(material)
    everyone = np.concatenate(list(rows.values()))
    features = last_features(backbone, bench, every_input(material, bench).select(everyone.tolist()))
    deeper = replace(evidence, features=_cut(features.numpy(), rows))
    learning = {name: rows[name] for name in evidence.opened if name in rows}
    learnt = np.concatenate(list(learning.values()))
    if not _worth_solving(material, bench, learnt, features.shape[1], allowed):
        return lambda: _with_parts(deeper, material.task, {})

    def solved() -> Evidence:
        with bench.stopwatch.lap("train"):
            given = _unseen(material, features[: len(learnt)], learnt, bench)
        by_part = {name: _cut(each, _known(learning, rows)) for name, (each, rows) in given.items()}
        return _with_parts(replace(deeper, probabilities=by_part.get("", {})), material.task, by_part)

    return solved


def _worth_solving(material: Material, bench: Workbench, learnt: np.ndarray, width: int, allowed: float) -> bool:
    """Whether heads on features (N, `width`) of the examples `learnt` tell wrong labels, in time."""
    task = material.task
    if not any(_has_probabilities(part.task) for part in task.parts(task.encode([]))):
        return False
    if material.split.out_of_fold and few_of_each(task.strata(material.targets(learnt))):
        return False  # heads that saw one example of a class, or none, would find most labels wrong
    seconds = predicted_seconds(len(learnt), width, task.outputs)
    if seconds > allowed:
        bench.progress.say(f"  wrong labels are not looked for: it would take about {say_duration(seconds)}")
    return seconds <= allowed


def _with_parts(evidence: Evidence, task: Task, probabilities: Mapping[str, Any]) -> Evidence:
    """What features tell of each of several targets too."""
    if not evidence.parts:
        return evidence
    return replace(evidence, parts=with_features(evidence, evidence.features, task, probabilities))


def _known(learning: dict[str, np.ndarray], rows: np.ndarray) -> dict[str, np.ndarray]:
    """Of the examples of each split, one split after the other, those at the places `rows`."""
    known = np.zeros(sum(map(len, learning.values())), dtype=bool)
    known[rows] = True
    parts = {split: learning[split][mask] for split, mask in _cut(known, learning).items()}
    return {split: part for split, part in parts.items() if len(part)}


def _cut(values: np.ndarray, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """(N, …) cut into the parts of N that each split has, in their order: views of it, for it may be large."""
    ends = np.cumsum([len(part) for part in rows.values()])
    return dict(zip(rows, np.split(values, ends[:-1]), strict=True))


def _rows(material: Material) -> dict[str, np.ndarray]:
    """The examples of each split that has any, those that are learnt from first."""
    split = material.split
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    return {name: part for name, part in parts.items() if len(part)}


def _by_split(rows: dict[str, np.ndarray], values: Sequence[Any] | None) -> dict[str, list[Any]]:
    return {} if values is None else {name: [values[i] for i in part] for name, part in rows.items()}


def _has_probabilities(task: Task) -> bool:
    try:
        task.probabilities(torch.zeros(1, task.outputs), {})
    except UsageError:
        return False
    return True


def _unseen(
    material: Material, features: Tensor, learnt: np.ndarray, bench: Workbench
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By the name of each part of the task, probabilities (n, C) by heads that saw no copy or relative of an example.

    Beside them the places (n,), among the examples `learnt`, of those whose target is known.

    Parameters
    ----------
    features : (N, D), theirs.
    """
    found = {}
    raw = material.targets(learnt)
    for part in material.task.parts(material.task.encode(raw)):
        task, rows = part.task, part.rows.numpy()
        own = [raw[row][part.name] if part.name else raw[row] for row in rows]
        folds = stratified_folds(task.strata(own), material.units(learnt[rows]), bench.seed) if len(rows) else None
        if folds is None or not _has_probabilities(task):
            continue
        encoded = part.encoded[part.rows]
        outputs = _kept_outputs(task, features[part.rows], encoded, folds, bench)
        found[part.name] = task.probabilities(outputs, task.calibrate(outputs, encoded)), rows
    return found


def _kept_outputs(task: Task, features: Tensor, encoded: Tensor, folds: np.ndarray, bench: Workbench) -> Tensor:
    """Outputs (N, C) out of fold, from an earlier fit where it had the same features, targets and folds."""
    name = digest("out of fold", SOLVER, task.digest(encoded), bytes_of(features.numpy()), bytes_of(folds))
    outputs = outputs_before(bench.kept, name)
    if outputs is None:
        outputs = out_of_fold(task, features, encoded, folds)
        if outputs.numel() <= MOST_KEPT:
            keep_outputs(bench.kept, name, outputs)
    return outputs
