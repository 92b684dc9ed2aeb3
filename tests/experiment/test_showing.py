"""Which examples a report shows: cells of the confusion matrix, findings; and how long making pictures may take."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from headstart.core.results import Finding, FindingExample
from headstart.data.examples import Examples
from headstart.experiment import showing
from headstart.experiment.showing import cases, few_of_each, fragments, named_by, truths_of
from headstart.tasks import TASKS

CLASSES = TASKS.load("classification").from_targets(["a", "b", "c"])


def judged(targets: list[str], outputs: list[list[float]]) -> list[Any]:
    encoded, names = CLASSES.encode(targets), [f"x{i}" for i in range(len(targets))]
    return cases(CLASSES, names, targets, torch.tensor(outputs), encoded)


def test_mistakes_come_before_right_predictions_cell_by_cell() -> None:
    targets = ["a", "a", "a", "b", "c", "b"]
    outputs = [[0.0, 2, 0], [0.0, 5, 0], [5.0, 0, 0], [0.0, 0, 3], [0.0, 0, 1], [0.0, 4, 0]]
    found = judged(targets, outputs)
    # Wrong: x0 and x1 (a taken for b; x1 surer), x3 (b for c). Right: x2, x4, x5. One of each cell, then the others.
    assert [case.id for case in found] == ["x1", "x3", "x0", "x2", "x4", "x5"]
    assert found[0][:2] == (0, 1)
    assert found[0].probability == pytest.approx(np.exp(5) / (np.exp(5) + 2))


def test_a_cell_keeps_only_so_many() -> None:
    found = judged(["a"] * 40, [[float(i), 0, 0] for i in range(40)])
    assert len(found) == showing.PER_CELL
    assert found[0].id == "x0"  # the least sure of the right ones


def test_a_task_without_a_confusion_matrix_has_no_cells() -> None:
    task = TASKS.load("regression").from_targets([1.0, 2.0, 3.0, 4.0])
    assert cases(task, ["x"], ["1"], torch.zeros(1, 1), task.encode([1.0])) == []


def test_a_finding_names_only_its_first_examples() -> None:
    examples = [FindingExample(f"x{i}", 1.0) for i in range(100)]
    found = [Finding("d", "info", "s", examples), Finding("e", "info", "s", examples[:1])]
    assert named_by(found) == [f"x{i}" for i in range(showing.PER_FINDING)] + ["x0"]


def test_fragments_are_in_the_order_wanted_once_and_only_of_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    examples = Examples("text", ["one & two", "three", "four"], ["x0", "x1", "x2"], targets=["a", "b", "a"])
    made = fragments(examples, ["x2", "x0", "unknown", "x2"], 60.0)
    assert list(made.items()) == [("x2", "four"), ("x0", "one &amp; two")]
    assert truths_of(CLASSES, examples, made) == {"x0": "a", "x2": "a"}
    monkeypatch.setattr(showing, "MOST", 1)
    assert list(fragments(examples, ["x2", "x0"], 60.0)) == ["x2"]


def test_making_pictures_ends_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    examples = Examples("text", ["word"] * 100, [f"x{i}" for i in range(100)], targets=["a"] * 100)
    monkeypatch.setattr(showing, "LEAST_SECONDS", -1.0)
    made = fragments(examples, examples.ids, 0.0)
    assert len(made) == 32  # one round in any case


def test_a_few_of_each_stratum() -> None:
    assert few_of_each(["b", "a", "b", "b", "c"], each=2, most=2).tolist() == [1, 0, 2]
    assert few_of_each([], 1, 1).tolist() == []
