"""The task that is found from the targets, and what is said when none suits."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from headstart.core.boxes import Box, Boxes
from headstart.core.errors import InputError, UsageError
from headstart.core.masks import Legend, Mask
from headstart.tasks import choose_task, task_from_description

GENERATOR = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        (["cat", "dog"] * 10, "classification"),
        ([0, 1, 2] * 10, "classification"),
        ([True, False] * 10, "classification"),
        ([5, 4, 3, 2, 1] * 40, "classification"),  # stars
        (list(range(77)) * 4, "classification"),  # class codes 0 … 76
        ([str(c) for c in range(1, 103)] * 3, "classification"),  # class folders named 1 … 102
        (["007", "013", "021"] * 10, "classification"),
        (["1", "2", "other"] * 10, "classification"),
        ([1.0, 0.0] * 10, "classification"),
        (GENERATOR.normal(size=60).tolist(), "regression"),
        (GENERATOR.integers(18, 80, size=3000).tolist(), "regression"),  # ages
        ([f"{price:.2f}" for price in GENERATOR.uniform(1, 99, size=60)], "regression"),
        (["a|b", "a", "b", "b|c", "c", "a|c"] * 3, "multi_label"),
        ([["a"], ["a", "b"], []], "multi_label"),
    ],
)
def test_the_task_is_found(targets, expected):
    task, why = choose_task(targets)
    assert task.name == expected
    assert why.startswith(f"{expected}: ")


def test_the_reason_is_a_sentence():
    assert choose_task(["cat", "dog"] * 10)[1] == "classification: 2 classes found"
    assert choose_task([1, 2, 3] * 10, "regression")[1] == "regression: as asked"


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        (["a; b", "a", "b; c", "c"] * 3, "; 3 labels found, parted by ';'"),
        (["a;b, c", "a", "b, c", "d", "a;d"] * 3, "; 3 labels found, parted by ';'"),  # 'b, c' is one of them
        (
            ["a/b", "a", "b"] * 3,
            "; each is one label, as none of '|', ';', ',' parts them into labels that recur; "
            "lists say it for certain",
        ),
        (["a|b", "c|d"], "; 4 labels found, parted by '|', though none of '|', ';', ',' shows labels that recur"),
        ([["a", "b"], ["a"]], ""),
    ],
)
def test_who_asks_for_several_labels_hears_how_each_target_was_parted(targets, said):
    assert choose_task(targets, "multi_label")[1] == "multi_label: as asked" + said


def test_an_unknown_task_offers_the_nearest():
    with pytest.raises(UsageError, match="Did you mean 'regression'"):
        choose_task([1.0, 2.0], "regresion")


def test_targets_that_suit_nothing_are_described():
    with pytest.raises(InputError, match=r"2 × number \(e.g. 1\), 1 × text \(e.g. 'cat'\).*mixed"):
        choose_task([1, 2, "cat"])
    with pytest.raises(InputError, match="almost every target is different"):
        choose_task([f"name {i}" for i in range(40)])
    with pytest.raises(InputError, match="Seen: none"):
        choose_task([])


def test_a_description_brings_the_task_back():
    task, _ = choose_task(["cat", "dog"] * 10)
    again = task_from_description(json.loads(json.dumps(task.describe())))
    assert type(again) is type(task)
    assert again.describe() == task.describe()


def test_the_faces_load_no_torch():
    code = "import sys, headstart.tasks, headstart.diagnosis; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_boxes_are_neither_classes_nor_labels():
    boxes = [Boxes((Box(0, 0, 1, 1, "cat"),) * (1 + row % 2), (4, 4)) for row in range(40)]
    assert choose_task(boxes)[0].name == "detection"
    for name in ("classification", "multi_label"):
        with pytest.raises(InputError, match="A target is boxes in a picture"):
            choose_task(boxes, name)


@pytest.mark.parametrize("name", ["classification", "multi_label"])
def test_a_named_task_takes_neither_several_targets_nor_masks(name: str) -> None:
    several = [{"team": "blue|red", "urgent": "ny"[i % 2]} for i in range(8)]
    with pytest.raises(InputError, match=r"several targets, by name\..* Leave --task out, and each target finds"):
        choose_task(several, name)
    masks = [Mask(Path("a.png"), Legend(("sky", "road"), (0, 1), ((0, 0, 0),) * 2), (4, 4), (8, 8), "")] * 8
    with pytest.raises(InputError, match="A target is a mask"):
        choose_task(masks, name)
