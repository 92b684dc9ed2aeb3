"""Mistakes of ``headstart fit``: each is named, status 1 or 2, no traceback, nothing written."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from small_world import PHOTO_PROBE, TEXT_PROBE, status, table, texts

Rows = list[dict[str, object]]


def rows() -> Rows:
    return [{"text": text, "topic": topic} for text, topic in texts(45)]


def missing_targets(all_rows: Rows) -> None:
    all_rows[3]["topic"] = all_rows[7]["topic"] = ""


def mixed_targets(all_rows: Rows) -> None:
    for number, row in enumerate(all_rows):
        row["topic"] = number % 3
    all_rows[4]["topic"] = "films"


def lonely_class(all_rows: Rows) -> None:
    all_rows[0]["topic"] = "weather"


def one_class(all_rows: Rows) -> None:
    for row in all_rows:
        row["topic"] = "films"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (missing_targets, ["t.csv row 5: the target is missing", "t.csv row 9"]),
        (mixed_targets, ["t.csv row 6: the target 'films' is a word where 44 others are numbers"]),
        (lonely_class, ["class 'weather'", "one training example, t.csv row 2"]),
        (one_class, ["one class, 'films'"]),
    ],
)
def test_targets(
    at_hand: Path, capsys: pytest.CaptureFixture[str], change: Callable[[Rows], None], named: list[str]
) -> None:
    change(changed := rows())
    table(at_hand / "t.csv", changed)
    _refused(capsys, 1, named, "t.csv", "--target", "topic")


def empty(photos: Path) -> None:
    shutil.rmtree(photos)
    photos.mkdir()


def without_two_classes(photos: Path) -> None:
    shutil.rmtree(photos / "lime")
    shutil.rmtree(photos / "plum")


def with_one_plum(photos: Path) -> None:
    for path in sorted((photos / "plum").iterdir())[1:]:
        path.unlink()


def all_broken(photos: Path) -> None:
    for path in photos.rglob("*.png"):
        path.write_bytes(b"")


def an_eighth_broken(photos: Path) -> None:
    for path in sorted((photos / "apple").iterdir())[:5]:
        path.write_bytes(path.read_bytes()[:60])


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (empty, ["photos is an empty folder"]),
        (without_two_classes, ["one class, 'apple'", "subfolder"]),
        (with_one_plum, ["class 'plum'", "plum/00.png"]),
        (all_broken, ["42 of 42 images cannot be used", "apple/00.png: the file is empty", "and 22 more"]),
        (an_eighth_broken, ["5 of 42 images cannot be used, more than a tenth", "apple/04.png", "cut short"]),
    ],
)
def test_folders(
    at_hand: Path,
    photos: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Path], None],
    named: list[str],
) -> None:
    change(Path(shutil.copytree(photos, "photos")))
    _refused(capsys, 1, named, "photos", *PHOTO_PROBE)


@pytest.mark.parametrize(
    ("wanted", "named", "arguments"),
    [
        (1, ["There is no messagse.csv. Did you mean 'messages.csv'?"], ["messagse.csv"]),
        (1, ["No data are named: the path is empty"], [""]),
        (1, ["no column 'topics'. Did you mean 'topic'?"], ["messages.csv", "--target", "topics"]),
        (
            1,
            ["no column 'txt'. Did you mean 'text'?", "'topics'. Did you mean 'topic'?", "'author'"],
            ["messages.csv", "--input", "txt", "--target", "topics", "--group", "author"],
        ),
        (
            1,
            ["no column 'topics'. Did you mean 'topic'?", "no column 'urgent'"],
            ["messages.csv", "--target", "topics,urgent"],
        ),
        (1, ["'topic' is named twice"], ["messages.csv", "--target", "topic, topic"]),
        (2, ["--also other.csv: write the table"], ["messages.csv", "--also", "other.csv"]),
        (
            2,
            ["no strategy 'fine_tunning'. Did you mean 'fine_tuning'?"],
            ["messages.csv", "--strategy", "fine_tunning"],
        ),
        (2, ["'depth=3'", "Did you mean 'freeze_depth'"], ["messages.csv", "--strategy", "fine_tuning:depth=3"]),
        (2, ["epochs must be a whole number"], ["messages.csv", "--strategy", "fine_tuning:epochs=many"]),
        (2, ["patience must be 0 or more"], ["messages.csv", "--strategy", "fine_tuning:patience=-1"]),
        (
            2,
            ["freeze_depth=99: local/tiny_bert has 5 stages"],  # what comes before its four layers, and each of them
            ["messages.csv", "--strategy", "fine_tuning:freeze_depth=99", "--backbone", "tiny_bert"],
        ),
        (2, ["no backbone 'tiny_brt'", "Did you mean 'local/tiny_bert'"], ["messages.csv", "--backbone", "tiny_brt"]),
        (1, ["tiny_resnet takes images", "are texts"], ["messages.csv", "--backbone", "tiny_resnet"]),
        (2, ["no task 'clasification'", "'classification'"], ["messages.csv", "--task", "clasification"]),
        (1, ["'animals'", "regression needs a number"], ["messages.csv", "--task", "regression"]),
        (2, ["no device 'gpu'", "cuda"], ["messages.csv", "--device", "gpu"]),
        (2, ["'soon' is not a duration", "10m"], ["messages.csv", "--budget", "soon"]),
        (2, ["seed must not be negative"], ["messages.csv", "--seed", "-1"]),
        (2, ["invalid int value"], ["messages.csv", "--seed", "one"]),
        (2, ["column names are for tables"], ["photos", "--target", "topic"]),
        (
            2,
            ["no device 'gpu'", "no task 'clasification'", "no strategy 'fine_tunning'"],
            ["nowhere", "--device", "gpu", "--task", "clasification", "--strategy", "fine_tunning"],
        ),
    ],
)
def test_requests(
    at_hand: Path,
    photos: Path,
    messages: Path,
    capsys: pytest.CaptureFixture[str],
    wanted: int,
    named: list[str],
    arguments: list[str],
) -> None:
    (at_hand / "photos").symlink_to(photos)
    shutil.copy(messages, at_hand / "messages.csv")
    _refused(capsys, wanted, named, *arguments)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_another_encoding(at_hand: Path, capsys: pytest.CaptureFixture[str], encoding: str) -> None:
    lines = ["text,topic", *(f"{row['text']} café,{row['topic']}" for row in rows())]
    (at_hand / "t.csv").write_bytes("\n".join(lines).encode(encoding))
    _refused(capsys, 1, ["not in UTF-8", "row 2", "iconv"], "t.csv", "--target", "topic")


def test_the_answer_inside_the_input(at_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    leaking = [{**row, "text": row["topic"]} for row in rows()]
    table(at_hand / "t.csv", leaking)
    named = ["t.csv: the target stands in the text: every class's name is in at least 95% of its own texts"]
    _refused(capsys, 1, named, "t.csv", "--input", "text", "--target", "topic")


def test_resume_needs_to_know_what(messages: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("fit", messages, "--resume") == 2
    assert "--resume needs --out" in capsys.readouterr().err


def test_nothing_is_overwritten(messages: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (at_hand / "m").mkdir()
    (at_hand / "m" / "thesis.txt").write_text("years of work")
    assert status("fit", messages, "--out", "m", *TEXT_PROBE) == 1
    assert "m exists already and is not overwritten" in capsys.readouterr().err
    assert (at_hand / "m" / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("arguments", [["fit"], ["fitt"], ["fit", "x", "--nope"]])
def test_wrong_usage_is_status_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert status(*arguments) == 2
    assert "usage: headstart" in capsys.readouterr().err


def test_a_row_with_too_many_cells_is_named(at_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table(at_hand / "t.csv", rows())
    with (at_hand / "t.csv").open("a", newline="") as file:
        csv.writer(file).writerow(["text", "films", "more", "and more"])
    _refused(capsys, 1, ["row 47"], "t.csv", "--target", "topic")


def _refused(capsys: pytest.CaptureFixture[str], wanted: int, named: list[str], *arguments: str) -> None:
    before = {path.name for path in Path().iterdir()}
    assert status("fit", *arguments, "--out", "never") == wanted
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    for words in named:
        assert words in said.err
    assert {path.name for path in Path().iterdir()} == before  # nothing is left behind
