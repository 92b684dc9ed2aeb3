"""``headstart check``: what is printed, the JSON, and the exit status that guards a pipeline."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import pytest

from headstart.core.results import Finding, FindingExample
from headstart.experiment.examination import checking
from small_world import PHOTO_PROBE, status, table

CHECK = ("--backbone", "none")


@pytest.fixture
def conflicting(photos: Path, at_hand: Path) -> Path:
    """One picture in seven of a fruit is also another fruit: serious."""
    shutil.copytree(photos, "photos")
    for number in range(2):
        shutil.copy(f"photos/lime/{number:02}.png", f"photos/plum/again{number}.png")
    return at_hand / "photos"


@pytest.mark.parametrize(("severity", "expected"), [("info", 3), ("warning", 3), ("serious", 3), ("never", 0)])
def test_the_status_of_something_serious(conflicting: Path, severity: str, expected: int) -> None:
    assert status("check", conflicting, *CHECK, "--fail-on", severity) == expected


@pytest.mark.parametrize(
    ("options", "expected"), [((), 0), (("--fail-on", "warning"), 3), (("--fail-on", "info"), 3)]
)
def test_the_status_of_a_warning(
    photos: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], expected: int
) -> None:
    monkeypatch.setattr(checking, "examine_all", lambda evidence, kept=None: [Finding("some", "warning", "So.")])
    assert status("check", photos, *CHECK, *options) == expected


def test_json(conflicting: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("check", conflicting, *CHECK, "--json") == 3
    said = capsys.readouterr()
    given = json.loads(said.out)
    assert set(given) == {"findings"}
    for finding in given["findings"]:
        assert set(finding) == {"diagnosis", "severity", "summary", "examples", "next_step"}
        assert all(set(example) in ({"id", "score"}, {"id", "score", "note"}) for example in finding["examples"])
    (conflict,) = [finding for finding in given["findings"] if finding["diagnosis"] == "label_conflicts"]
    assert {"lime/00.png", "plum/again0.png"} <= {example["id"] for example in conflict["examples"]}
    copy = {"id": "plum/again0.png", "score": 0.5, "note": "like lime/00.png, which is 'lime'"}
    assert copy in conflict["examples"]
    assert "Read 44 images" in said.err


def test_what_a_person_sees(
    photos: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    named = [FindingExample(f"{number}.png", 1 - number / 10) for number in range(8)]
    found = [
        Finding("some", "serious", "8 pictures are odd.", named, "Look at them."),
        Finding("other", "info", "So."),
    ]
    monkeypatch.setattr(checking, "examine_all", lambda evidence, kept=None: found)
    assert status("check", photos, *CHECK) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Looked at 42 images")
    assert lines[2:5] == [
        "SERIOUS: 8 pictures are odd.  [some]",
        "  Look at: 0.png (1.00), 1.png (0.90), 2.png (0.80), 3.png (0.70), 4.png (0.60) and 3 more",
        "  Next:    Look at them.",
    ]
    assert lines[6] == "INFO: So.  [other]"
    assert lines[-1] == "Found: 1 serious, 1 note."


def test_texts_stand_beside_their_names(
    messages: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with messages.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    long = " ".join(["word"] * 40)
    rows[0]["text"] = long
    path = table(at_hand / "few.csv", rows)
    named = [FindingExample("few.csv row 2", 1.0), FindingExample("few.csv row 3", 0.5)]
    found = [Finding("some", "info", "2 texts are odd.", named)]
    monkeypatch.setattr(checking, "examine_all", lambda evidence, kept=None: found)
    assert status("check", path, "--target", "topic", *CHECK) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[3] == f"  Look at: few.csv row 2 (1.00): {long[:79].rstrip()}…"
    assert lines[4] == f"           few.csv row 3 (0.50): {rows[1]['text']}"


def test_why_an_example_is_listed_stands_beside_it(
    photos: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    named = [FindingExample("0.png", 1.0, "like 9.png"), FindingExample("1.png", 0.5)]
    monkeypatch.setattr(checking, "examine_all", lambda evidence, kept=None: [Finding("some", "info", "Odd.", named)])
    assert status("check", photos, *CHECK) == 0
    assert capsys.readouterr().out.splitlines()[3:5] == [
        "  Look at: 0.png (1.00): like 9.png",
        "           1.png (0.50)",
    ]


def test_the_report_shows_the_examples(conflicting: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("check", conflicting, *CHECK, "--report", "page/check.html") == 3
    page = Path("page/check.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert page.rstrip().endswith("</html>")
    assert "<h1>What was found in photos</h1>" in page
    assert "label conflicts" in page
    assert page.count('<use href="#p') >= 4
    assert "lime/00.png" in page.replace("<wbr>", "")
    assert not re.search(r"<script|https?://(?!www\.w3\.org)", page)
    assert "Looked at 44 images" in capsys.readouterr().out


@pytest.mark.parametrize("broken", [20, 39, 42])
def test_many_unreadable_files_are_a_finding(
    photos: Path, at_hand: Path, broken: int, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(photos, "photos")
    for path in sorted(Path("photos").rglob("*.png"))[:broken]:
        path.write_bytes(b"torn")
    assert status("check", "photos", *CHECK, "--json") == 3
    (finding,) = [f for f in json.loads(capsys.readouterr().out)["findings"] if f["diagnosis"] == "unreadable"]
    assert finding["severity"] == "serious"
    assert len(finding["examples"]) == broken
    assert finding["summary"].startswith(f"{broken} examples of 42 ")
    assert status("fit", "photos", *PHOTO_PROBE) == 1
    share = ", more than a tenth" if broken < 42 else ""
    assert f"{broken} of 42 images cannot be used{share}." in capsys.readouterr().err


def test_nothing_wrong(
    photos: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checking, "examine_all", lambda evidence, kept=None: [])
    assert status("check", photos, *CHECK, "--fail-on", "info") == 0
    assert capsys.readouterr().out.endswith("Nothing was found that is wrong.\n")


def test_mistakes_keep_their_status(photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for wanted, arguments, words in (
        (1, ("nowhere", *CHECK), "There is no nowhere"),
        (2, (photos, "--fail-on", "sometimes"), "invalid choice: 'sometimes'"),
        (2, (photos, "--backbone", "tiny_resnett"), "Did you mean 'local/tiny_resnet'"),
    ):
        assert status("check", *arguments) == wanted
        assert words in capsys.readouterr().err
