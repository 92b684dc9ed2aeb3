"""Which boxes and masks of the judged pictures are explained in the report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from headstart.core.boxes import Boxes
from headstart.data.examples import Examples
from headstart.delivery.boxed_pictures import BOXES, MASKS
from headstart.experiment.presentation.reasons import Candidate, worth_explaining
from headstart.tasks.base import Task
from headstart.tasks.shapes.box_marks import Mark, marks

WORST, BEST = 2, 1
"""Masks."""

NO_BOX = "no such box"


def places_to_explain(
    task: Task, examples: Examples, rows: np.ndarray, fingerprints: Sequence[str], outputs: Tensor, encoded: Tensor,
    seed: int,
) -> list[Candidate]:  # fmt: skip
    """False alarms and boxes that were found, in turn; or masks, the worst first.

    Parameters
    ----------
    outputs, encoded : calibrated outputs and targets of the M examples at `rows`. fingerprints : of all examples.
    """
    candidates = _masks(task, examples, rows, outputs, encoded) if task.draws else _boxes(
        task, examples, rows, outputs, seed
    )  # fmt: skip
    return [candidate.of(fingerprints[rows[place]]) for place, candidate in candidates]


def _boxes(
    task: Task, examples: Examples, rows: np.ndarray, outputs: Tensor, seed: int
) -> list[tuple[int, Candidate]]:
    shown = _shown(task, examples, rows, outputs)
    wrong = np.array([(mark.score or 0.0) if mark.kind == "false alarm" else 0.0 for _, mark in shown])
    chosen = worth_explaining(wrong, [mark.label for _, mark in shown], seed)
    return [(shown[i][0], _of_box(examples, rows[shown[i][0]], shown[i][1])) for i in chosen]


def _shown(task: Task, examples: Examples, rows: np.ndarray, outputs: Tensor) -> list[tuple[int, Mark]]:
    """(place of the picture, box) of every box that is shown and is right or wrong, by its mask where it has one."""
    columns = task.decode(outputs, {}).columns
    found = columns.get(BOXES, [])
    pairs = zip(found, columns.get(MASKS) or [None] * len(found), strict=True)
    targets = [(examples.targets or [])[row] for row in rows[: len(found)]]
    return [
        (place, mark)
        for place, (target, (boxes, grids)) in enumerate(zip(targets, pairs, strict=True))
        if isinstance(target, Boxes)
        for mark in marks(target, boxes, grids)
        if mark.score is not None
    ]


def _of_box(examples: Examples, row: int, mark: Mark) -> Candidate:
    box = {"label": mark.label, "score": mark.score, "edges": mark.edges}
    right = mark.kind == "found"
    truth = mark.label if right else NO_BOX
    return Candidate(examples.references[row], examples.ids[row], truth, mark.label, right, mark.score, box=box)


def _masks(
    task: Task, examples: Examples, rows: np.ndarray, outputs: Tensor, encoded: Tensor
) -> list[tuple[int, Candidate]]:
    """Neither right nor wrong as a whole."""
    order = np.argsort(-task.mistakes(outputs, encoded), kind="stable").tolist()
    chosen = order if len(order) <= WORST + BEST else [*order[:WORST], *order[-BEST:]]
    said, targets = task.decode(outputs, {}).columns["shares"], examples.targets or []
    found = []
    for place in chosen:
        row = rows[place]
        truth = task.say(targets[row])
        mask = Candidate(examples.references[row], examples.ids[row], truth, ", ".join(said[place]), None)
        found.append((place, mask))
    return found
