"""What extending gave and took, in figures: hand-computed shares, calibration across halves, and JSON and back."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from headstart.core.files import finite
from headstart.core.results import Figure
from headstart.experiment.extension import (
    Extension,
    HeldOut,
    Part,
    change_of_right,
    cross_calibrated,
    part,
    right,
)
from headstart.experiment.extension_words import findings, headline, next_step, say
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


def test_no_example_judges_what_it_has_calibrated() -> None:
    """One half is always right and one always wrong: each gets the temperature of the other."""
    outputs = torch.tensor([[3.0, 0.0, 0.0]]).repeat(40, 1)
    sides = ["old", "new"] * 20
    random = torch.Generator().manual_seed(0)
    encoded = (torch.rand(40, generator=random) < 0.3).long()
    given = cross_calibrated(TASK, outputs, encoded, sides, seed=0)
    ratios = (given[:, 0] / 3.0).tolist()
    assert len({round(ratio, 6) for ratio in ratios}) == 2
    shares = {round(r, 6): encoded[[i for i, x in enumerate(ratios) if x == r]].float().mean() for r in ratios}
    # The half that has more mistakes itself was calibrated by the other, and so is the surer one.
    surer, less = max(shares), min(shares)
    assert shares[surer] > shares[less]


def test_too_few_are_left_as_they_are() -> None:
    outputs = torch.randn(3, 3)
    assert torch.equal(cross_calibrated(TASK, outputs, torch.tensor([0, 1, 2]), ["old"] * 3, seed=0), outputs)


def test_it_survives_json() -> None:
    made = extension()
    assert Extension.from_json(json.loads(json.dumps(finite(made.to_json())))) == made


def test_what_a_person_reads() -> None:
    rows = say(extension())
    assert [row[0].strip() for row in rows] == [
        "", "old classes, before", "old classes, now", "change", "new classes", "all together",
    ]  # fmt: skip
    assert rows[3][3] == "paired; 2 are now taken for a new class"
    assert rows[3][1:3] == ("-5.0", "-12.0 to +0.0 points")
    assert "which the old model had learnt from" in say(extension(unseen=False))[1][3]
    assert "Old classes: 95.0 % before, 90.0 % now. New classes: 90.0 %." in headline(extension())


def test_a_loss_that_any_larger_model_would_have_is_no_warning() -> None:
    lost = Figure(-0.05, -0.08, -0.02)
    (whole,) = findings(extension(change=lost), [], [])
    assert whole.severity == "info"
    assert "The old classes lost 5.0 points of accuracy (-8.0 to -2.0 points)" in whole.summary
    part_kept = findings(extension(change=lost, kept_of=5000), [], [])
    assert [found.severity for found in part_kept] == ["warning", "info"]
    assert "keeps 100 of the 5,000 old examples" in part_kept[1].summary
    assert "fit" in next_step(extension(tuned=True))
    assert findings(extension(), [], []) == []
    told = " ".join(found.summary for found in findings(extension(), ["car/1.jpg"], ["moth"]))
    assert "cannot split one" in told
    assert "No example of moth" in told
