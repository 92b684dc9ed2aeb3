"""The sentences of a finished fit."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from headstart.core.results import ExampleCounts, Figure, Finding, FitResult, RungResult, Seconds, TaskGain
from headstart.core.spec import FitSpec
from headstart.data.examples import Examples
from headstart.delivery.report._tasks import tasks
from headstart.delivery.report.evidence import ReportEvidence
from headstart.experiment.facts import facts
from headstart.experiment.words import baseline, headline, next_step, repeat, title, together_or_alone
from headstart.ladder.comparison import HeldOut
from headstart.ladder.reasons import OF_THE_BUDGET, TOO_FEW_MISTAKES
from headstart.tasks import TASKS

CLASSES = TASKS.load("classification").from_targets(["a", "b", "b", "c", "c", "a"])
NUMBERS = TASKS.load("regression").from_targets([1.0, 2.0, 3.0, 4.0])


def model(task: Any = CLASSES, test: dict[str, Figure] | None = None, **changes: Any) -> Any:
    figures = {"accuracy": Figure(0.9, 0.8, 0.95), "macro_f1": Figure(0.85, 0.7, 0.9)}
    rungs = [RungResult("cheap", "s", 1, 1.0), RungResult("dear", "s", 0, 2.0, validation=figures, kept=True)]
    told = {
        "task": task.name, "backbone": "b", "chosen": "dear", "seed": 0, "rungs": rungs,
        "stopped_because": "every rung was climbed", "test": test, "seconds": Seconds(),
        "examples": ExampleCounts(80, 20, 194, 0), **changes,
    }  # fmt: skip
    return SimpleNamespace(task=task, result=FitResult(**told), labels=task.describe().get("labels", []))


def finding(severity: Any, step: str) -> Finding:
    return Finding("d", severity, "seen", next_step=step)


def test_the_headline_of_a_test() -> None:
    said = headline(model(test={"accuracy": Figure(0.9791, 0.948, 0.992)}), "test")
    assert said == "On 194 test examples that it never saw: accuracy 97.9 % (95 % interval 94.8–99.2 %)."


def test_the_headline_without_a_test_admits_that_the_examples_chose() -> None:
    said = headline(model(), "validation")
    assert said.startswith("On 20 held-out examples, which also helped to choose it: accuracy 90.0 % (95 % interval")


def test_the_headline_names_the_watched_figure_too() -> None:
    uneven = TASKS.load("classification").from_targets(["a"] * 40 + ["b"] * 3)
    test = {"accuracy": Figure(0.9, 0.8, 1.0), uneven.watched: Figure(0.5, 0.4, 0.6)}
    said = headline(model(uneven, test), "test")
    assert "accuracy 90.0 % (95 % interval 80.0–100.0 %)" in said
    assert uneven.watched == "macro_f1"
    assert said.endswith("50.0 % (40.0–60.0 %).")


def test_numbers_are_no_percent() -> None:
    said = headline(model(NUMBERS, {"mae": Figure(0.5, 0.4, 0.6)}), "test")
    assert said == "On 194 test examples that it never saw: mean absolute error 0.500 (95 % interval 0.400–0.600)."


SPENT = f"dear would take 9 s; 1 s {OF_THE_BUDGET} 2 s are spent"
FEW = f"cheap leaves 0 mistakes: {TOO_FEW_MISTAKES}"


@pytest.mark.parametrize(
    ("changes", "asked", "said"),
    [
        ({"findings": [finding("warning", "w"), finding("serious", "s")]}, None, "s"),
        ({"findings": [finding("warning", "w")]}, None, "w"),
        ({"findings": [finding("info", "i")]}, None, "A larger backbone"),
        ({"stopped_because": SPENT}, None, "More time (--budget)"),
        ({"stopped_because": FEW}, None, "Measure it on more"),
        ({"chosen": "cheap"}, None, "More labelled examples of the classes"),
        ({}, "fine_tuning", "Leave out --strategy"),
    ],
)
def test_the_next_step(changes: dict[str, Any], asked: str | None, said: str) -> None:
    assert next_step(model(**changes), FitSpec("data", strategy=asked)).startswith(said)


def test_a_larger_error_is_a_loss_on_the_terminal_in_the_report_and_as_json() -> None:
    """Off by 0.106 and 0.1 deviations of 2: mean absolute errors of 0.212 together and 0.2 alone, for each draw."""
    task, truth = TASKS.load("regression")(mean=0.0, deviation=2.0), torch.linspace(-1, 1, 50)
    together, alone = truth[:, None] + 0.106, truth[:, None] + 0.1
    gain = HeldOut(task, truth, seed=0).gain(together, alone).figure
    reached = [task.metrics(outputs, truth)["mae"] for outputs in (together, alone)]
    told = model(NUMBERS, tasks=[TaskGain("price", "probe", "mae", *reached, gain)]).result
    higher = {"price: mae": False}
    (row,) = [line for line in together_or_alone(told, higher) if "price" in line]
    said = "price  mean absolute error  0.212  0.200  −0.0120 (−0.0120 to −0.0120)  loses"
    assert re.sub("  +", "  ", row.strip()) == said
    page = tasks(ReportEvidence(told, "mae", higher, ""))
    assert '<td class="number">−0.0120</td><td class="number">−0.0120 to −0.0120</td><td>loses</td>' in page
    assert "price lost by it." in page
    assert told.to_json()["tasks"][0]["gain"] == pytest.approx([-0.012] * 3, abs=1e-6)


def test_no_classes_are_mixed_up_where_there_are_none() -> None:
    assert "classes" not in next_step(model(NUMBERS, chosen="cheap"), FitSpec("data"))


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (FitSpec("photos"), "headstart fit photos --backbone zoo/net --budget 600s --seed 0"),
        (
            FitSpec(Path("my photos"), target="kind of", budget=90.5, seed=3, prove=True, out=Path("m")),
            "headstart fit 'my photos' --target 'kind of' --prove --backbone zoo/net --budget 90.5s --seed 3",
        ),
        (
            FitSpec("photos", strategy="low_rank"),
            "headstart fit photos --strategy low_rank --backbone zoo/net --budget 600s --seed 0",
        ),
        (
            FitSpec("photos", test_share=0.5),
            "headstart.fit('photos', test_share=0.5, backbone='zoo/net', budget='600s', seed=0)",
        ),
        (FitSpec(([], [])), "headstart.fit((inputs, targets), backbone='zoo/net', budget='600s', seed=0)"),
    ],
)
def test_how_to_repeat_a_fit(spec: FitSpec, said: str) -> None:
    assert repeat(spec, "zoo/net") == said


def test_titles_and_baselines() -> None:
    assert title("data/photos/") == "photos"
    assert title(([], [])) == "your examples"
    assert baseline(CLASSES, ["a", "b", "b"]) == ["Always answering “b” would be right 66.7 % of the time."]
    assert baseline(NUMBERS, [1.0, 2.0]) == []


@pytest.mark.parametrize(
    ("modality", "task", "tag"), [("text", CLASSES, "text-classification"), ("text", NUMBERS, None)]
)
def test_a_card_names_only_pipelines_that_the_hub_has(modality: str, task: Any, tag: str | None) -> None:
    fitted = model(task)
    fitted.modality, fitted.provenance = modality, {"data": "d", "data_fingerprint": "f", "seed": 0}
    fitted.network = SimpleNamespace(backbone=SimpleNamespace(card=SimpleNamespace(licence="unknown")))
    checked: Any = SimpleNamespace(examples=Examples(modality, ["a text"], ["a"], source="t.csv"))
    told = facts(fitted, FitSpec("t.csv"), checked)
    assert told.get("pipeline_tag") == tag
    assert told["data fingerprint"] == "f"
    assert not {"license", "input", "seed"} & told.keys()  # unknown, no file, and told elsewhere on the card
