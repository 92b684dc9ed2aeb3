"""``headstart extend``: for people and for scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from small_world import HUES, pixels, result_of, status, table, texts


@pytest.fixture
def pears(at_hand: Path) -> Path:
    """Class folders of a fourth fruit, twice as bright as any."""
    import numpy as np
    from PIL import Image

    random = np.random.default_rng(9)
    (at_hand / "new" / "pear").mkdir(parents=True)
    for number in range(12):
        both = np.maximum(pixels(HUES["apple"], random), pixels(HUES["lime"], random))
        Image.fromarray(both).save(at_hand / "new" / "pear" / f"{number:02}.png")
    return at_hand / "new"


def test_a_person_reads_old_and_new_apart(
    photo_model: Path, pears: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("extend", photo_model, pears) == 0
    said = capsys.readouterr()
    lines = [line.strip().split("  ")[0] for line in said.out.splitlines()]
    shown = ["old classes, before", "old classes, now", "change", "new classes", "all together"]
    assert [line for line in lines if line in shown] == shown
    assert "New classes: pear." in said.err
    assert f"Model:   {photo_model.name}-extended" in said.out
    assert (at_hand / f"{photo_model.name}-extended" / "model.safetensors").is_file()
    assert status("predict", f"{photo_model.name}-extended", pears / "pear") == 0
    assert "pear" in capsys.readouterr().out


def test_json_is_one_object_and_lies_in_the_folder(
    photo_model: Path, pears: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("extend", photo_model, pears, "--out", "four", "--json") == 0
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    found = json.loads(said)
    assert list(found)[:4] == ["before", "after", "change", "taken_for_new"]
    assert found == result_of(at_hand / "four")["extension"]
    assert result_of(at_hand / "four")["chosen"] == "extension"


def test_mistakes_have_a_status_and_no_traceback(
    message_model: Path, photo_model: Path, pears: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("extend", message_model, pears) == 1
    assert "This model takes texts" in capsys.readouterr().err
    rows = [{"text": text, "topic": topic} for text, topic in texts(6, seed=5)]
    assert status("extend", message_model, table(at_hand / "t.csv", rows)) == 1
    assert "no class that is new to the model (animals, films, learning)" in capsys.readouterr().err
    (at_hand / "there").mkdir()
    (at_hand / "there" / "file").touch()
    assert status("extend", photo_model, pears, "--out", "there") == 1
    assert "not overwritten" in capsys.readouterr().err
    assert sorted(path.name for path in at_hand.iterdir()) == ["new", "t.csv", "there"]
