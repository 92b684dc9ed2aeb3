"""The published result: its keys, their order, and back again."""

from __future__ import annotations

import json

from headstart.core.engine_choice import EngineChoice, EngineTrial
from headstart.core.results import (
    ExampleCounts,
    Figure,
    Finding,
    FindingExample,
    FitResult,
    Gain,
    RungResult,
    Seconds,
    figures_json,
)


def test_a_target_called_overall_keeps_its_figures() -> None:
    figure, mean = Figure(0.5, 0.4, 0.6), Figure(0.7, 0.6, 0.8)
    given = {"overall: accuracy": figure, "price: accuracy": mean, "mean_score": mean}
    overall = {"accuracy": [0.5, 0.4, 0.6], "mean_score": [0.7, 0.6, 0.8]}
    assert figures_json(given) == {"overall": overall, "price": {"accuracy": [*mean]}}


def result(test: bool = True) -> FitResult:
    figures = {"accuracy": Figure(0.9, 0.8, 0.95)}
    rung = RungResult("last", "fine_tuning", 3, 12.0, 14.5, 100, figures, True, "best", [{"epoch": 1.0}])
    return FitResult(
        task="classification",
        backbone="timm/resnet50",
        chosen="last",
        seed=7,
        rungs=[rung],
        stopped_because="every rung was climbed",
        test={"accuracy": Figure(0.5, 0.4, 0.6)} if test else None,
        seconds=Seconds(1.0, 2.0, 3.0, 7.0),
        examples=ExampleCounts(80, 10, 10, 1),
        findings=[Finding("leakage", "serious", "seen twice", [FindingExample("a.png", 0.9)], "remove it")],
        engines=[EngineChoice("features", "eager", 2, 90, [EngineTrial("eager", 2, 0.0, 0.026, "the reference")])],
        gains={
            "majority": Gain(Figure(0.2, 0.1, 0.3), Figure(0.3, 0.1, 0.5)),
            "random_weights": Gain(Figure(0.4, 0.3, 0.5), Figure(0.2, 0.1, 0.3), learnt=40, judged=30),
        },
    )


def test_the_json_is_the_published_contract():
    plain = json.loads(json.dumps(result().to_json()))
    assert list(plain) == [
        "format", "task", "backbone", "chosen", "seed", "rungs", "stopped_because", "test", "seconds", "examples",
        "findings", "engines", "gains",
    ]  # fmt: skip
    assert plain["format"] == 1
    wanted = {
        "name", "strategy", "freeze_depth", "predicted_seconds", "seconds", "trainable_parameters", "validation",
        "kept", "reason",
    }  # fmt: skip
    assert wanted <= plain["rungs"][0].keys()
    assert plain["rungs"][0]["validation"] == {"accuracy": [0.9, 0.8, 0.95]}
    assert plain["test"] == {"accuracy": [0.5, 0.4, 0.6]}
    assert plain["seconds"] == {"decode": 1.0, "forward": 2.0, "train": 3.0, "total": 7.0}
    assert plain["examples"] == {"train": 80, "validation": 10, "test": 10, "set_aside": 1}
    assert plain["gains"] == {
        "majority": {"figure": [0.2, 0.1, 0.3], "difference": [0.3, 0.1, 0.5]},
        "random_weights": {"figure": [0.4, 0.3, 0.5], "difference": [0.2, 0.1, 0.3], "learnt": 40, "judged": 30},
    }
    finding = plain["findings"][0]
    assert finding.keys() == {"diagnosis", "severity", "summary", "examples", "next_step"}
    assert finding["examples"] == [{"id": "a.png", "score": 0.9}]
    noted = Finding("leakage", "serious", "seen twice", [FindingExample("a.png", 0.9, "like b.png")])
    assert noted.to_json()["examples"] == [{"id": "a.png", "score": 0.9, "note": "like b.png"}]
    assert Finding.from_json(noted.to_json()) == noted


def test_a_result_read_back_is_the_same():
    for each in (result(), result(test=False)):
        again = FitResult.from_json(json.loads(json.dumps(each.to_json())))
        assert again == each
    assert again.rungs[0].validation["accuracy"].low == 0.8
