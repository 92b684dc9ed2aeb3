"""``headstart compare``: for people and for scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from small_world import paint, status, table, texts


def test_json_is_one_object(
    photo_model: Path, photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = paint(at_hand / "new", {"apple": 6, "lime": 6, "plum": 6}, seed=5)
    assert status("compare", photo_model, new, "--json") == 0
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    found = json.loads(said)
    assert list(found) == ["mismatch", "estimated_accuracy", "mean_confidence", "findings"]
    assert 0 < found["mismatch"]["p_value"] <= 1
    assert found["findings"][0]["diagnosis"] == "domain_mismatch"


def test_a_person_reads_sentences_and_next_steps(
    message_model: Path, messages: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("compare", message_model, messages) == 0
    said = capsys.readouterr().out
    assert "held-out texts with an area under the ROC curve of" in said
    assert "of the predictions for the new texts are expected to be right" in said
    assert "    → " in said


def test_too_few_inputs(message_model: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table(at_hand / "t.csv", [{"text": text} for text, _ in texts(4)])
    assert status("compare", message_model, "t.csv") == 1
    assert "4 new inputs are too few to compare" in capsys.readouterr().err


def test_images_that_cannot_be_read_are_named(
    photo_model: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = paint(at_hand / "some", {"apple": 6, "lime": 6, "plum": 6}, seed=5)
    (new / "apple" / "03.png").write_bytes(b"no picture")
    assert status("compare", photo_model, new) == 0
    assert "set aside: apple/03.png: " in capsys.readouterr().err
