"""``headstart explain``: files, JSON on stdout, sentences otherwise, and mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from small_world import status


def test_json_lists_the_files_and_each_check(
    photo_model: Path, photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = [photos / "lime" / "00.png", photos / "plum" / "01.png"]
    assert status("explain", photo_model, *inputs, "--method", "grad_cam", "--out", "why", "--json") == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert found["files"] == ["why/explanations.html", "why/00.grad_cam.png", "why/01.grad_cam.png"]
    assert all(Path(file).is_file() for file in found["files"])
    assert [each["label"] for each in found["explanations"]] == ["lime", "plum"]
    removal, randomisation = found["explanations"][0]["checks"]
    assert (removal["name"], randomisation["name"]) == ("removal", "randomisation")
    assert [point["removed"] for point in removal["curve"]] == [0.05, 0.1, 0.2, 0.4]
    assert removal["curve"][0].keys() == {"removed", "marked", "random"}
    assert randomisation["curve"] == []
    assert removal["unbounded"] == (removal["value"][0] is None)
    assert "fall: random" in Path("why/explanations.html").read_text(encoding="utf-8")


def test_nothing_is_overwritten(
    photo_model: Path, photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that is named is refused before anything is explained; without a name the next free one is taken."""
    asked = ("explain", photo_model, photos / "lime" / "00.png", "--method", "nearest_examples")
    for page in ("explanations", "explanations-2"):
        assert status(*asked) == 0
        assert f"first {page}/explanations.html" in capsys.readouterr().err
    written = Path("explanations/explanations.html").stat().st_mtime_ns
    assert status(*asked, "--out", "explanations", "--method", "no_such") == 1
    assert "explanations exists already and is not overwritten" in capsys.readouterr().err
    assert Path("explanations/explanations.html").stat().st_mtime_ns == written


def test_the_nearest_examples_are_shown_for_each_label(
    photo_model: Path, photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("explain", photo_model, photos / "lime" / "00.png", "--method", "nearest_examples") == 0
    lines = capsys.readouterr().out.splitlines()
    for label in ("lime", "plum"):
        (line,) = [line for line in lines if line.startswith(f"    {label}: ")]
        assert line.count(f"{label}/") == 3


def test_a_text_is_explained_in_sentences(
    message_model: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("captum")
    assert status("explain", message_model, "this film was good and that film was bad") == 0
    said = capsys.readouterr()
    assert "integrated_gradients" in said.out
    assert "most: " in said.out
    assert "\x1b" not in said.out
    assert "removal: Without the marked tenth of its words" in said.out
    assert "left out: grad_cam: it marks places in pictures" in said.err
    assert Path("explanations/explanations.html").is_file()


@pytest.mark.parametrize(
    ("wanted", "named", "arguments"),
    [
        (2, "no explanation 'gradcam'. Did you mean 'grad_cam'", ["--method", "gradcam"]),
        (2, "no label 'kiwi'", ["--label", "kiwi"]),
        (2, "no device 'gpu'", ["--device", "gpu"]),
    ],
)
def test_mistakes(
    photo_model: Path,
    photos: Path,
    at_hand: Path,
    capsys: pytest.CaptureFixture[str],
    wanted: int,
    named: str,
    arguments: list[str],
) -> None:
    assert status("explain", photo_model, photos / "lime" / "00.png", *arguments) == wanted
    said = capsys.readouterr()
    assert said.out == ""
    assert named in said.err
    assert not Path("explanations").exists()
