"""The model card: front matter that any YAML reader takes, honest figures, nothing that breaks the page."""

from __future__ import annotations

import json

import pytest

from headstart.core.results import ExampleCounts, Figure, Finding, FitResult, RungResult, Seconds
from headstart.delivery.card import model_card

BETTER = {"accuracy": True, "mae": False}
HOSTILE = 'x"\n---\n# <script>alert(1)</script> | [a](b)'


def make_result(test: bool = True) -> FitResult:
    figures = {"accuracy": Figure(0.979, 0.952, 0.9921), "mae": Figure(1234.5, 1200.0, 1300.0)}
    rung = RungResult(
        "last_stage", "fine_tuning", 5, 1.0, validation={"accuracy": Figure(0.95, 0.9, 0.98)}, kept=True
    )
    return FitResult(
        "classification",
        "timm/resnet18",
        "last_stage",
        7,
        [rung],
        "",
        figures if test else None,
        Seconds(total=75),
        ExampleCounts(1581, 90, 194, 0),
        [Finding("leakage", "serious", "4 images appear twice."), Finding("size", "info", "Quite small.")],
    )


def test_front_matter_names_licence_library_pipeline_and_base_model() -> None:
    card = model_card(make_result(), {"license": "apache-2.0", "pipeline_tag": "image-classification"}, BETTER)
    lines = card.split("---\n")[1].splitlines()
    values = {line.split(": ", 1)[0]: json.loads(line.split(": ", 1)[1]) for line in lines}
    assert values == {
        "library_name": "headstart",
        "license": "apache-2.0",
        "pipeline_tag": "image-classification",
        "base_model": "timm/resnet18",
        "tags": ["headstart", "transfer-learning", "classification"],
    }


def test_front_matter_is_yaml() -> None:
    yaml = pytest.importorskip("yaml")
    front = model_card(make_result(), {"license": "other: #1", "base_model": HOSTILE}, BETTER).split("\n---\n")[0]
    read = yaml.safe_load(front.removeprefix("---\n"))
    assert read["license"] == "other: #1"
    assert read["base_model"] == HOSTILE


def test_figures_stand_with_their_intervals() -> None:
    card = model_card(make_result(), {}, BETTER)
    assert "Measured on 194 test examples." in card
    assert "| accuracy | 97.9 % | 95.2–99.2 % |" in card
    assert "| mean absolute error | 1,234 | 1,200–1,300 |" in card


def test_without_a_test_split_it_says_so() -> None:
    card = model_card(make_result(test=False), {}, BETTER)
    assert "Measured on 90 validation examples. They also chose the model" in card
    assert "| accuracy | 95.0 % | 90.0–98.0 % |" in card


def test_how_to_use_limits_and_provenance() -> None:
    card = model_card(
        make_result(), {"input": "photo.jpg", "data": "Vehicles", "torch": "2.15", "limits": "Daylight."}, BETTER
    )
    assert "headstart predict MODEL photo.jpg -o predictions.csv" in card
    assert 'model = headstart.load("MODEL")\nmodel.predict(["photo.jpg"])' in card
    assert "| training | 1,581 |" in card
    assert "set aside" not in card
    assert "- Daylight." in card
    assert "- 4 images appear twice." in card
    assert "Quite small." not in card
    assert "| torch | 2.15 |" in card
    assert "1 min 15 s" in card


def test_hostile_words_stay_words() -> None:
    card = model_card(
        make_result(),
        {"title": HOSTILE, "description": HOSTILE, "labels": HOSTILE, "data": HOSTILE, HOSTILE: HOSTILE},
        BETTER,
    )
    assert "<script>" not in card
    assert card.count("\n---\n") == 1  # only the end of the front matter
    rows = [line for line in card.splitlines() if "script" in line and line.startswith("|")]
    assert [row.replace("\\|", "").count("|") for row in rows] == [3]
