"""Which examples a report shows: cells of the confusion matrix, findings; and how long making pictures may take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

from headstart.core.results import Finding, FindingExample
from headstart.data.checks import Checked
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.data.modalities.image import Image
from headstart.experiment.presentation import showing
from headstart.experiment.presentation.showing import cases, few_of_each, fragments, named_by, truths_of
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


def of_examples(examples: Examples) -> Checked:
    modality = MODALITIES.load(examples.modality)()
    return Checked(examples, [], [modality.fingerprint(one) for one in examples.references], [], [], ())


def test_fragments_are_in_the_order_wanted_once_and_only_of_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    examples = Examples("text", ["one & two", "three", "four"], ["x0", "x1", "x2"], targets=["a", "b", "a"])
    made = fragments(of_examples(examples), ["x2", "x0", "unknown", "x2"], 60.0)
    assert list(made.items()) == [("x2", "four"), ("x0", "one &amp; two")]
    assert truths_of(CLASSES, examples, made) == {"x0": "a", "x2": "a"}
    monkeypatch.setattr(showing, "MOST", 1)
    assert list(fragments(of_examples(examples), ["x2", "x0"], 60.0)) == ["x2"]


def test_making_pictures_ends_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    examples = Examples("text", ["word"] * 100, [f"x{i}" for i in range(100)], targets=["a"] * 100)
    monkeypatch.setattr(showing, "LEAST_SECONDS", -1.0)
    made = fragments(of_examples(examples), examples.ids, 0.0)
    assert len(made) == 32  # one round in any case


def test_pictures_are_made_once_as_long_as_content_and_name_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path / "cache"))
    paths = [tmp_path / f"{i}.png" for i in range(4)]
    for seed, path in enumerate(paths):
        pixels = np.random.default_rng(seed).integers(0, 256, (200, 40 + 10 * seed, 3), dtype=np.uint8)
        PIL.Image.fromarray(pixels).save(path)
    examples = Examples("image", paths, [path.name for path in paths])
    first = fragments(of_examples(examples), examples.ids, 60.0, keep=True)
    shown: list[Path] = []
    show = Image.show
    monkeypatch.setattr(Image, "show", lambda self, one: shown.append(one) or show(self, one))
    checked = of_examples(examples)
    assert fragments(checked, examples.ids[::-1], 60.0, keep=True) == first
    assert shown == []
    paths[1].write_bytes(paths[0].read_bytes())
    again = fragments(of_examples(examples), examples.ids, 60.0, keep=True)
    assert shown == [paths[1]]
    assert again["1.png"] == first["0.png"].replace("0.png", "1.png")
    paths[2].unlink()
    monkeypatch.setattr(Image, "shown_by", "a newer library")
    assert "unreadable" in fragments(checked, ["2.png"], 60.0, keep=True)["2.png"]
    shown.clear()
    fragments(checked, ["2.png"], 60.0, keep=True)
    assert shown == [paths[2]], "what could not be shown is tried again"


def test_a_few_of_each_stratum() -> None:
    assert few_of_each(["b", "a", "b", "b", "c"], each=2, most=2).tolist() == [1, 0, 2]
    assert few_of_each([], 1, 1).tolist() == []
