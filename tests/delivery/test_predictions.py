"""Predictions as a table: what is written is read back the same, in all three formats."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from headstart.core.errors import UsageError
from headstart.delivery.predictions import check_target, csv_text, write_predictions
from headstart.tasks import TASKS
from headstart.tasks.base import Predictions

INPUTS = ["plain", 'comma, "quote"', "two\nlines", "carriage\rreturn", "Grüße 🚲", "=SUM(A1)", " space "]
LABELS = ["a", "b,c", 'd"e', "f\ng", "ö", "", "z"]
PROBABILITIES = [0.1, 1 / 3, 0.999999949, 1.23456789e-07, 1.0, 0.0, 0.5]


@pytest.fixture
def predictions() -> Predictions:
    return Predictions({"label": LABELS, "probability": PROBABILITIES, "novelty": list(range(7))})


def test_csv_reads_back_the_same(tmp_path: Path, predictions: Predictions) -> None:
    target = tmp_path / "p.csv"
    write_predictions(target, INPUTS, predictions)
    with target.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["input", "label", "probability", "novelty"]
    assert [row[0] for row in rows[1:]] == INPUTS
    assert [row[1] for row in rows[1:]] == LABELS
    assert [row[3] for row in rows[1:]] == [str(i) for i in range(7)]


def test_probabilities_have_six_significant_digits(tmp_path: Path, predictions: Predictions) -> None:
    write_predictions(tmp_path / "p.csv", INPUTS, predictions)
    with (tmp_path / "p.csv").open(newline="", encoding="utf-8") as file:
        written = [row["probability"] for row in csv.DictReader(file)]
    assert written == ["0.1", "0.333333", "1.0", "1.23457e-07", "1.0", "0.0", "0.5"]


def test_header_line_is_the_contract(tmp_path: Path) -> None:
    write_predictions(tmp_path / "p.csv", ["x"], Predictions({"label": ["a"], "probability": [0.5]}))
    assert (tmp_path / "p.csv").read_bytes() == b"input,label,probability\nx,a,0.5\n"


def test_jsonl_reads_back_the_same(tmp_path: Path, predictions: Predictions) -> None:
    write_predictions(tmp_path / "p.jsonl", INPUTS, predictions)
    lines = (tmp_path / "p.jsonl").read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines[:-1]]
    assert [row["input"] for row in rows] == INPUTS
    assert list(rows[0]) == ["input", "label", "probability", "novelty"]
    assert rows[1]["probability"] == 0.333333


def test_parquet_reads_back_the_same(tmp_path: Path, predictions: Predictions) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_predictions(tmp_path / "p.parquet", INPUTS, predictions)
    table = parquet.read_table(tmp_path / "p.parquet").to_pydict()
    assert table["input"] == INPUTS
    assert table["label"] == LABELS
    assert table["probability"][1] == 0.333333


def test_numpy_values_missing_values_and_lists(tmp_path: Path) -> None:
    columns = {
        "label": [np.float32(0.1), np.str_("two"), ["a", "b"]],
        "probability": [np.float64("nan"), None, np.float32(0.25)],
    }
    write_predictions(tmp_path / "p.csv", ["x", "y", "z"], Predictions(columns))
    assert (tmp_path / "p.csv").read_text() == ('input,label,probability\nx,0.1,\ny,two,\nz,"[""a"", ""b""]",0.25\n')
    write_predictions(tmp_path / "p.jsonl", ["x", "y", "z"], Predictions(columns))
    rows = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert [row["label"] for row in rows] == [0.1, "two", ["a", "b"]]
    assert [row["probability"] for row in rows] == [None, None, 0.25]


def test_numbers_that_are_no_probabilities_keep_their_digits(tmp_path: Path) -> None:
    write_predictions(tmp_path / "p.csv", ["x"], Predictions({"label": [1234567.891], "probability": [None]}))
    assert "x,1234567.891,\n" in (tmp_path / "p.csv").read_text()


def test_file_names_that_are_no_utf8_are_written_readably(tmp_path: Path) -> None:
    name = b"caf\xe9.jpg".decode("utf-8", "surrogateescape")
    for ending in (".csv", ".jsonl"):
        write_predictions(tmp_path / f"p{ending}", [name], Predictions({"label": ["a"], "probability": [1.0]}))
        assert "udce9.jpg" in (tmp_path / f"p{ending}").read_text(encoding="utf-8")


def test_unknown_ending_lists_the_three(tmp_path: Path, predictions: Predictions) -> None:
    with pytest.raises(UsageError, match=r"p\.cvs.*\.csv, \.jsonl, \.parquet.*Did you mean '\.csv'"):
        write_predictions(tmp_path / "p.cvs", INPUTS, predictions)
    with pytest.raises(UsageError, match=r"\.csv, \.jsonl, \.parquet"):
        check_target(tmp_path / "predictions")
    check_target(tmp_path / "P.CSV")


def test_whole_or_absent(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2 inputs but 1 predictions"):
        write_predictions(tmp_path / "p.csv", ["x", "y"], Predictions({"label": ["a"], "probability": [1.0]}))
    assert list(tmp_path.iterdir()) == []


def test_targets_may_be_called_as_columns_of_other_tasks_are() -> None:
    """Two classes each, the second of which is predicted: a target's values stand as they were given."""
    targets = [{"masks": "worn", "is_urgent": True}, {"masks": "none", "is_urgent": False}] * 4
    task = TASKS.load("multi_task").from_targets(targets)
    header, row = csv_text(["x"], task.decode(torch.tensor([[0.0, 9.0, 0.0, 9.0]]), {})).splitlines()
    cells = dict(zip(header.split(","), next(csv.reader([row])), strict=True))
    assert (cells["target_masks"], cells["is_urgent"]) == ("worn", "True")


def test_lists_of_names_are_joined_in_a_flat_file(tmp_path: Path) -> None:
    columns = {"label": [True], "probability": [0.5], "is_unfamiliar": [False], "nearest": [["a.jpg", "b.jpg"]]}
    write_predictions(tmp_path / "p.csv", ["x"], Predictions(columns))
    assert (tmp_path / "p.csv").read_text() == (
        "input,label,probability,is_unfamiliar,nearest\nx,True,0.5,false,a.jpg|b.jpg\n"
    )
    write_predictions(tmp_path / "p.jsonl", ["x"], Predictions(columns))
    row = json.loads((tmp_path / "p.jsonl").read_text())
    assert row == {
        "input": "x",
        "label": True,
        "probability": 0.5,
        "is_unfamiliar": False,
        "nearest": ["a.jpg", "b.jpg"],
    }
