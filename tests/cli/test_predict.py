"""``headstart predict``: one row an input, to a file or to stdout; inputs that cannot be read are listed."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from headstart.cli import main
from headstart.delivery.guarded import COVERAGE
from small_world import TEXT_PROBE, paint, status, table, texts

COLUMNS = ["input", "label", "probability", "set", "unfamiliar", "is_unfamiliar", "nearest"]


def test_a_csv_file_of_a_folder_of_new_pictures(
    photo_model: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = paint(at_hand / "new", {"plum": 3}, seed=9) / "plum"
    assert status("predict", photo_model, new, "-o", "p.csv") == 0
    rows = list(csv.reader((at_hand / "p.csv").open()))
    assert rows[0] == COLUMNS
    assert [row[:2] for row in rows[1:]] == [["00.png", "plum"], ["01.png", "plum"], ["02.png", "plum"]]
    assert all(1 / 3 < float(row[2]) <= 1 for row in rows[1:])
    said = capsys.readouterr()
    assert said.out == ""
    assert "3 predictions in p.csv" in said.err


def test_stdout_holds_nothing_but_the_table(
    message_model: Path, messages: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("predict", message_model, messages) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert list(rows[0]) == COLUMNS
    assert rows[0]["input"] == "messages.csv row 2"
    assert [row["label"] for row in rows] == [topic for _, topic in texts(45)]
    nearest = rows[0]["nearest"].split("|")
    assert len(nearest) == 5
    assert all(name.startswith("messages.csv row ") for name in nearest)


def test_labels_that_name_nothing_are_refused(
    message_model: Path, messages: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("predict", message_model, messages, "--labels", "") == 2
    assert "0 labels are too few" in capsys.readouterr().err


def test_json_lines_and_parquet_by_their_ending(message_model: Path, messages: Path, at_hand: Path) -> None:
    assert status("predict", message_model, messages, "-o", "p.jsonl") == 0
    rows = [json.loads(line) for line in (at_hand / "p.jsonl").read_text().splitlines()]
    assert len(rows) == 45
    assert list(rows[0]) == COLUMNS
    assert len(rows[0]["nearest"]) == 5
    assert all(name.startswith("messages.csv row ") for name in rows[0]["nearest"])
    parquet = pytest.importorskip("pyarrow.parquet")
    assert status("predict", message_model, messages, "-o", "p.parquet") == 0
    assert parquet.read_table(at_hand / "p.parquet").to_pylist() == rows


def labels(table: str) -> list[str]:
    """The column ``label`` of a CSV: a set of labels may hold the same word."""
    return [row["label"] for row in csv.DictReader(table.splitlines())]


def test_the_column_of_training_goes_before_a_longer_one(
    message_model: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The longest text would be found; the model was trained from the column ``text``."""
    films = "this film was bad and that film was good and the third was neither"
    rows = [{"note": films * 3, "text": text} for text, topic in texts(9) if topic == "animals"]
    assert status("predict", message_model, table(at_hand / "new.csv", rows)) == 0
    said = capsys.readouterr()
    assert labels(said.out) == ["animals"] * 3
    assert "input 'text'" in said.err
    assert status("predict", message_model, "new.csv", "--input", "note") == 0
    assert labels(capsys.readouterr().out) == ["films"] * 3


def test_another_name_for_the_column_is_found(
    message_model: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table(at_hand / "new.csv", [{"id": i, "message": text} for i, (text, _) in enumerate(texts(6))])
    assert status("predict", message_model, "new.csv") == 0
    said = capsys.readouterr()
    assert said.out.count("\n") == 7
    assert "input 'message'" in said.err


def test_a_few_broken_inputs_are_listed_and_the_others_predicted(
    photo_model: Path, photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(photos / "lime", "new")
    Path("new/03.png").write_bytes(b"no picture")
    assert status("predict", photo_model, "new") == 0
    said = capsys.readouterr()
    assert labels(said.out) == ["lime"] * 13
    assert "set aside: 03.png" in said.err


def test_however_many_inputs_are_broken_the_others_are_predicted(
    photo_model: Path, photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("new").mkdir()
    for name in ("1.png", "2.png"):
        Path("new", name).write_bytes(b"no picture")
    assert status("predict", photo_model, "new") == 1
    assert "2 of 2 images cannot be used.\n" in capsys.readouterr().err
    shutil.copy(next((photos / "lime").iterdir()), "new/3.png")
    assert status("predict", photo_model, "new") == 0
    said = capsys.readouterr()
    assert labels(said.out) == ["lime"]
    assert said.err.count("set aside: ") == 2


def test_coverage_and_abstaining(
    message_model: Path, messages: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """So few are held out that a coverage of 0.999 excludes nothing: every set holds all labels, and none is sure."""
    assert status("predict", message_model, messages, "--coverage", "0.999", "--abstain") == 0
    said = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert {row["set"] for row in rows} == {"animals|films|learning"}
    assert {row["label"] for row in rows} == {row["probability"] for row in rows} == {""}
    assert {row["is_unfamiliar"] for row in rows} <= {"true", "false"}
    assert "no answer for 45 of 45" in said.err


def test_empty_sets_are_counted_and_explained(
    message_model: Path, messages: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model that is right more often than a coverage of a fifth asks has no set for its least sure answers."""
    assert status("predict", message_model, messages, "--coverage", "0.2") == 0
    said = capsys.readouterr()
    empty = [row for row in csv.DictReader(io.StringIO(said.out)) if row["set"] == ""]
    assert 0 < len(empty) < 45
    assert f"{len(empty)} of 45 sets are empty: no label" in said.err
    assert "that hold the truth 20 % of the time" in said.err
    assert status("predict", message_model, messages, "--coverage", "0.999") == 0
    assert "sets are empty" not in capsys.readouterr().err


def test_a_coverage_is_asked_of_a_model_with_sets(
    message_model: Path, messages: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"text": text, "price": 1.37 * len(text)} for text, _ in texts(30)]
    made = ("--strategy", "feature_extraction", *TEXT_PROBE[:2], "--budget", "30s", "--out", "numbers")
    assert status("fit", table(at_hand / "prices.csv", rows), "--target", "price", *made) == 0
    assert status("predict", "numbers", messages, "--coverage", "0.5") == 2
    assert "A model for regression predicts a number; it has no sets of labels." in capsys.readouterr().err
    assert status("predict", "numbers", messages) == 0


def test_abstaining_below_a_probability(
    message_model: Path, messages: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("predict", message_model, messages) == 0
    sure = [float(row["probability"]) for row in csv.DictReader(io.StringIO(capsys.readouterr().out))]
    bar = sum(sorted(sure)[20:22]) / 2  # between two: what is printed is rounded
    assert status("predict", message_model, messages, "--abstain-below", str(bar)) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["label"] == "" for row in rows] == [p < bar for p in sure]


def test_a_folder_without_a_guard_still_predicts(
    message_model: Path, messages: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(message_model, "old")
    for name in ("guard.safetensors", "guard.json"):
        Path("old", name).unlink()
    assert status("predict", "old", messages) == 0
    said = capsys.readouterr()
    assert said.out.startswith("input,label,probability\n")
    assert "holds no guard" in said.err
    assert status("predict", "old", messages, "--abstain") == 2
    assert status("compare", "old", messages) == 2
    assert "fit it anew" in capsys.readouterr().err


def test_the_default_coverage_is_that_of_python(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["predict", "--help"])
    assert f"({COVERAGE})" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("wanted", "named", "data", "options"),
    [
        (2, "The coverage 90 is not between 0 and 1", "t.csv", ["--coverage", "90"]),
        (2, "The least score 50 is not between 0 and 1", "t.csv", ["--least", "50"]),
        (2, "A model for classification predicts a class, no boxes", "t.csv", ["--least", "0"]),
        (1, "There is no nowhere", "nowhere", []),
        (1, "No data are named: the path is empty", "", []),
        (1, "This model takes images; t.csv holds texts", "t.csv", []),
        (2, "'p.xlsx': its ending must be one of .csv, .jsonl, .parquet", "t.csv", ["-o", "p.xlsx"]),
        (1, "there is no column 'txt'. Did you mean 'text'", "t.csv", ["--input", "txt"]),
        (2, "no device 'gpu'", "t.csv", ["--device", "gpu"]),
    ],
)
def test_mistakes(
    photo_model: Path,
    at_hand: Path,
    capsys: pytest.CaptureFixture[str],
    wanted: int,
    named: str,
    data: str,
    options: list[str],
) -> None:
    table(at_hand / "t.csv", [{"text": text} for text, _ in texts(6)])
    assert status("predict", photo_model, data, *options) == wanted
    said = capsys.readouterr()
    assert said.out == ""
    assert named in said.err
    assert "Traceback" not in said.err


def test_no_model_offers_the_nearest(photo_model: Path, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("predict", photo_model.with_name("modle"), photos) == 1
    assert "no such model folder. Did you mean 'model'?" in capsys.readouterr().err
