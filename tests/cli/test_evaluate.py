"""``headstart evaluate``: figures with intervals, for people and for scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headstart.cli.evaluate import _class_lines, _undefined
from headstart.core.results import Figure
from small_world import result_of, status, table, texts


def test_json_is_one_object_of_triples(
    message_model: Path, messages: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("evaluate", message_model, messages, "--json") == 0
    said = capsys.readouterr().out
    figures = json.loads(said)
    assert said.count("\n") == 1
    assert list(figures) == list(result_of(message_model)["test"])
    assert list(figures)[-4:] == ["auroc", "sensitivity", "specificity", "operating_point"]
    *by_class, points = (figures.pop(name) for name in list(figures)[-4:])
    triples = [*figures.values(), *(figure for block in by_class for figure in block.values())]
    triples += [point[name] for point in points.values() for name in ("sensitivity", "specificity")]
    assert all(low <= value <= high for value, low, high in triples)
    assert all(set(block) == {"animals", "films", "learning"} for block in by_class)


def test_a_figure_without_a_value_is_explained() -> None:
    nothing = float("nan")
    figures = {"map": Figure(nothing, nothing, nothing), "map50": Figure(0.5, 0.4, 0.6)}
    said = ["mAP: not defined here, for these examples hold nothing to be found."]
    assert _undefined(figures, in_pictures=True) == said
    assert _undefined({"map50": figures["map50"]}, in_pictures=True) == []
    assert "too few or too much alike" in _undefined({"r2": figures["map"]}, in_pictures=False)[0]


def test_a_class_that_cannot_be_told_from_a_rest_has_no_figure() -> None:
    nothing = float("nan")
    lines = _class_lines({"auroc": {"ham": [nothing, 0.0, 1.0]}, "sensitivity": {"ham": [1.0, 0.342, 1.0]}})
    assert lines[-1].split() == ["ham", "not", "defined", "1.000,", "0.342", "to", "1.000"]


def test_a_person_reads_percent_and_intervals(
    photo_model: Path, photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("evaluate", photo_model, photos) == 0
    lines = [line.split("  ") for line in capsys.readouterr().out.splitlines() if line]
    said = {line[0]: [cell.strip() for cell in line[1:] if cell.strip()] for line in lines}
    assert said[""] == ["value", "95 % interval"]
    # Wilson's interval of 42 right of 42 is 42 / (42 + 1.96²) = 0.916 to 1.
    assert said["accuracy"] == ["100.0 %", "91.6–100.0 %"]


def test_a_person_reads_each_class_against_the_rest(
    photo_model: Path, photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("evaluate", photo_model, photos) == 0
    *_, head, apple, lime, plum = capsys.readouterr().out.splitlines()
    assert head.split("  ")[0] == "class against the rest"
    assert [line.split()[0] for line in (apple, lime, plum)] == ["apple", "lime", "plum"]
    assert "1.000, " in plum


def test_columns_can_be_named(message_model: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"review": text, "kind": topic, "id": i} for i, (text, topic) in enumerate(texts(12))]
    table(at_hand / "t.csv", rows)
    assert status("evaluate", message_model, "t.csv", "--input", "review", "--target", "kind", "--json") == 0
    assert json.loads(capsys.readouterr().out)["accuracy"][0] == 1.0


def test_one_class_alone_can_be_evaluated(
    message_model: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"text": text, "topic": topic} for text, topic in texts(12) if topic == "films"]
    assert status("evaluate", message_model, table(at_hand / "t.csv", rows), "--json") == 0
    assert json.loads(capsys.readouterr().out)["accuracy"][0] == 1.0


@pytest.mark.parametrize(
    ("row", "named"),
    [
        (
            {"text": "the fox", "topic": "animal"},
            "row 2: the class 'animal' was not among the 3 of training",
        ),
        ({"text": "the fox", "topic": ""}, "row 2: the target is missing"),
    ],
)
def test_targets_that_do_not_fit_are_named(
    message_model: Path, at_hand: Path, capsys: pytest.CaptureFixture[str], row: dict[str, str], named: str
) -> None:
    rows = [row, *({"text": text, "topic": topic} for text, topic in texts(6))]
    assert status("evaluate", message_model, table(at_hand / "t.csv", rows)) == 1
    said = capsys.readouterr()
    assert named in said.err
    assert said.out == ""


def test_pictures_without_classes_cannot_be_evaluated(
    photo_model: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("evaluate", photo_model, photos / "lime") == 1
    assert "not their classes" in capsys.readouterr().err
