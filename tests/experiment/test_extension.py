"""What extending gave and took, in figures: hand-computed shares, calibration across halves, and JSON and back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from headstart.core.files import finite
from headstart.core.results import Figure
from headstart.core.statistics import change_of_right
from headstart.experiment.extension.asked import Asked
from headstart.experiment.extension.result import (
    Extension,
    HeldOut,
    Part,
    Unbounded,
    part,
    right,
)
from headstart.experiment.extension.words import findings, headline, next_step, say
from headstart.tasks import TASKS

TASK = TASKS.load("classification").from_targets(["a", "b", "c"])


def extension(**changes: object) -> Extension:
    figures = {"accuracy": Figure(0.9, 0.8, 0.95)}
    given = {
        "before": Part(2, 40, {"accuracy": Figure(0.95, 0.9, 1.0)}), "after": Part(2, 40, figures),
        "change": Figure(-0.05, -0.12, 0.0), "unseen": True, "new": Part(1, 10, figures), "more": None,
        "both": Part(3, 50, figures), "added": ["c"], "learnt_old": 100, "learnt_new": 30, "kept_of": 100, "known": 0,
        "tuned": False, "taken_for_new": 2,
    }  # fmt: skip
    return Extension(**{**given, **changes})


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked("fruit", "new data/"), "headstart extend fruit 'new data/' --seed 0"),
        (
            Asked(Path("fruit"), "t.csv", "old/", "text", "label", "none", 3, forgetting="2%", device="cpu"),
            "headstart extend fruit t.csv --input text --target label --group none --forgetting 2% --device cpu "
            "--old old/ --seed 3",
        ),
        (
            Asked(object(), (["a"], ["b"]), (["c"], ["d"]), forgetting=0.02),
            "headstart.extend(model, (inputs, targets), forgetting=0.02, old_data=(old_inputs, old_targets), seed=0)",
        ),
        (
            Asked("fruit", "new/", "old/", test_share=0.5),
            "headstart.extend('fruit', 'new/', test_share=0.5, old_data='old/', seed=0)",
        ),
    ],
)
def test_how_to_repeat_it(asked: Asked, said: str) -> None:
    assert asked.repeat() == said


def test_the_change_of_what_is_right_is_paired() -> None:
    """Of 100 examples 2 were lost and 1 was won: -1 point; the paired variance is (3 - 1/100) / 100²."""
    before, after = np.ones(100), np.ones(100)
    before[0] = after[1] = after[2] = 0
    value, low, high = change_of_right(before, after, seed=0)
    assert value == pytest.approx(-0.01)
    error = np.sqrt((3 - 0.01) / 100**2)
    assert low == pytest.approx(-0.01 - 1.96 * error, abs=0.012)
    assert high == pytest.approx(-0.01 + 1.96 * error, abs=0.012)
    assert change_of_right(after, after, seed=0) == (0, 0, 0)


def test_a_part_of_some_examples() -> None:
    outputs = torch.tensor([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 2.0, 0.0]])
    held = HeldOut(outputs, torch.tensor([0, 1, 0]))
    assert right(TASK, held).tolist() == [1, 1, 0]
    some = part(TASK, held.select(np.array([0, 1])))
    assert some is not None
    assert (some.classes, some.examples, some.figures["accuracy"].value) == (2, 2, 1.0)
    assert part(TASK, held.select(np.zeros(0, np.int64))) is None


def test_it_survives_json() -> None:
    made = extension()
    assert Extension.from_json(json.loads(json.dumps(finite(made.to_json())))) == made


def test_what_a_person_reads() -> None:
    rows = say(extension())
    assert [row[0].strip() for row in rows] == [
        "", "old classes, before", "old classes, now", "change", "new classes", "all together",
    ]  # fmt: skip
    assert rows[3][3] == "paired; 2 are now taken for a new class"
    assert say(extension(taken_for_new=1))[3][3] == "paired; 1 is now taken for a new class"
    assert rows[3][1:3] == ("-5.0", "-12.0 to +0.0 points")
    assert "which the old model had learnt from" in say(extension(unseen=False))[1][3]
    assert "Old classes: 95.0 % before, 90.0 % now. New classes: 90.0 %." in headline(extension())


def test_a_loss_that_any_larger_model_would_have_is_no_warning() -> None:
    lost = Figure(-0.05, -0.08, -0.02)
    (whole,) = findings(extension(change=lost), [], [])
    assert whole.severity == "info"
    assert "The old classes lost 5.0 points of accuracy (-8.0 to -2.0 points)" in whole.summary
    (weighted,) = findings(extension(change=lost, counted=4.0), [], [])
    assert weighted.severity == "info"
    assert "a head for which all examples count alike would hardly lose less" in weighted.summary
    assert "each old example counted 4 times" in say(extension(counted=4.0))[3][3]
    part_kept = findings(extension(change=lost, kept_of=5000), [], [])
    assert [found.severity for found in part_kept] == ["warning", "info"]
    assert "keeps 100 of the 5,000 old examples" in part_kept[1].summary
    assert "fit" in next_step(extension(tuned=True))
    assert findings(extension(), [], []) == []
    told = " ".join(found.summary for found in findings(extension(), ["car/1.jpg"], ["moth"]))
    assert "cannot split one" in told
    assert "No example of moth" in told


def test_a_bound_that_was_not_kept_is_said() -> None:
    (found,) = findings(extension(bound=0.02), [], [])
    assert "at most 2.0 %, and lose 5.0 points" in found.summary
    assert findings(extension(bound=0.05), [], []) == []
    assert "held back by 1.25" in say(extension(held_back=1.25))[3][3]


def test_what_new_classes_pay_for_the_bound_is_said() -> None:
    would = Part(1, 10, {"accuracy": Figure(0.96, 0.9, 1.0)})
    kept = {"bound": 0.01, "change": Figure(-0.01, -0.02, 0.0), "held_back": 3.0}
    paid = Unbounded(would, Figure(-0.06, -0.1, -0.02), Figure(-0.04, -0.06, -0.02))
    (found,) = findings(extension(**kept, free=paid), [], [])
    assert found.severity == "warning"
    assert (
        "they reach 90.0 %, and would reach 96.0 % without the bound (-10.0 to -2.0 points for it)" in found.summary
    )
    assert "the old classes change by -4.0 points" in found.next_step
    lost = Part(1, 10, {"accuracy": Figure(0.2, 0.1, 0.3)})
    (grave,) = findings(extension(**kept, new=lost, free=paid), [], [])
    assert grave.severity == "serious"
    by_chance = Unbounded(would, Figure(-0.06, -0.13, 0.01), paid.change)
    assert findings(extension(**kept, free=by_chance), [], []) == []
    made = extension(**kept, free=paid)
    assert Extension.from_json(json.loads(json.dumps(finite(made.to_json())))) == made
    older = {name: value for name, value in extension().to_json().items() if name != "free"}
    assert Extension.from_json(json.loads(json.dumps(finite(older)))) == extension()
