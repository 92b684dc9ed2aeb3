"""Fits with 1, 2, 4 and 8 examples of each class: whole model folders, and figures that say what they rest on."""

from __future__ import annotations

from pathlib import Path

import pytest

from small_world import HUES, PHOTO_PROBE, TEXT_PROBE, paint, result_of, status, table, texts

pytestmark = pytest.mark.usefixtures("no_gains")


@pytest.mark.parametrize("each", [1, 2, 4, 8])
def test_texts(at_hand: Path, each: int, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"text": text, "label": topic} for text, topic in texts(3 * each)]
    data = table(at_hand / "few.csv", rows)
    assert status("fit", data, "--target", "label", *TEXT_PROBE, "--engine", "eager", "--out", "model") == 0
    _check(each, capsys.readouterr())


@pytest.mark.parametrize("each", [1, 2, 4, 8])
def test_pictures(at_hand: Path, each: int, capsys: pytest.CaptureFixture[str]) -> None:
    paint(at_hand / "few", dict.fromkeys(HUES, each))
    assert status("fit", "few", *PHOTO_PROBE, "--engine", "eager", "--out", "model") == 0
    _check(each, capsys.readouterr())
    assert status("predict", "model", "few", "-o", "answers.csv") == 0


def _check(each: int, said: pytest.CaptureResult[str]) -> None:
    result = result_of(Path("model"))
    counts = result["examples"]
    assert counts["train"] + counts["validation"] + counts["test"] == 3 * each
    if each > 2:
        assert result["test"] is not None
        return
    assert (counts["train"], counts["validation"], result["test"]) == (3 * each, 0, None)
    assert f"On {3 * each} training examples, each judged by a model that did not see it" in said.out
    assert "no test split was held out" in said.err
    assert ("classes have one example" in said.err) == (each == 1)
    card = Path("model/README.md").read_text(encoding="utf-8")
    assert f"Measured on {3 * each} training examples. Each was judged by a model that did not see it." in card
    assert "each judged by a model that did" in Path("model/report.html").read_text(encoding="utf-8")


def test_a_given_test_split_judges_them(at_hand: Path) -> None:
    paint(at_hand / "few" / "train", dict.fromkeys(HUES, 2))
    paint(at_hand / "few" / "test", dict.fromkeys(HUES, 4), seed=1)
    assert status("fit", "few", *PHOTO_PROBE, "--engine", "eager", "--out", "model") == 0
    assert result_of(Path("model"))["examples"] == {"train": 6, "validation": 0, "test": 12, "set_aside": 0}
    assert result_of(Path("model"))["test"]["accuracy"][0] > 0.8
