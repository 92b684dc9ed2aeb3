"""Detection from end to end: boxes in, a model, its figures, answers and report out, and the same after loading."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import headstart
from boxed_squares import COLOURS, squares
from headstart.cli import main
from own_coco_numbers import precision_by_pycocotools, renumbered

pytestmark = pytest.mark.usefixtures("few_draws", "small_batches")

SIDE = 96


@pytest.fixture(scope="module")
def fitted(
    tiny_backbones: Path, tmp_path_factory: pytest.TempPathFactory, few_draws: None, small_batches: None
) -> tuple[Path, Path]:
    """(data, model folder)."""
    folder = tmp_path_factory.mktemp("detecting")
    data = squares(folder / "data", 40, seed=0, side=SIDE)
    headstart.fit(
        data, backbone=str(tiny_backbones / "tiny_resnet"), strategy="head_training:epochs=10", budget="10m",
        out=folder / "model", quiet=True,
    )  # fmt: skip
    return data, folder / "model"


def test_it_finds_what_it_has_learnt(fitted: tuple[Path, Path]) -> None:
    result = json.loads((fitted[1] / "result.json").read_text())
    assert result["task"] == "detection"
    value, low, high = result["test"]["map50"]
    assert low <= value <= high
    assert value > 0.15  # nothing learnt: 0.00
    assert result["test"]["map"][0] < value
    for name, mean in (("average_precision", "map"), ("average_precision_50", "map50")):
        by_class = result["test"][name]
        assert by_class.keys() == set(COLOURS)
        assert all(low <= centre <= high for centre, low, high in by_class.values())
        assert np.mean([centre for centre, *_ in by_class.values()]) == pytest.approx(result["test"][mean][0])
    kept = headstart.load(fitted[1]).result
    assert json.loads(json.dumps(kept.to_json()["test"])) == result["test"]


def test_a_loaded_model_reaches_the_same(fitted: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    data, folder = fitted
    result = json.loads((folder / "result.json").read_text())
    assert main(["evaluate", str(folder), str(data / "annotations" / "instances_test.json"), "--json"]) in (0, None)
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures["map"] == pytest.approx(result["test"]["map"], abs=1e-3)
    assert figures["map50"] == pytest.approx(result["test"]["map50"], abs=1e-3)
    assert figures.keys() == result["test"].keys()
    assert main(["evaluate", str(folder), str(data / "annotations" / "instances_test.json")]) in (0, None)
    assert "average precision, 95 % interval" in capsys.readouterr().out


def test_answers_are_written_as_a_folder(fitted: tuple[Path, Path], tmp_path: Path) -> None:
    data, folder = fitted
    assert main(["predict", str(folder), str(data / "test"), "-o", str(tmp_path / "out")]) in (0, None)
    content = json.loads((tmp_path / "out" / "predictions.json").read_text())
    head = (tmp_path / "out" / "predictions.csv").read_text(encoding="utf-8").splitlines()[0]
    assert head.split(",") == ["input", "label", "boxes"], "a picture of boxes has no probability"
    assert len(content["images"]) == 20
    assert {category["name"] for category in content["categories"]} == {"red", "blue"}
    assert content["annotations"]
    assert all(0.5 <= box["score"] <= 1 for box in content["annotations"])
    assert len(list((tmp_path / "out" / "pictures").iterdir())) == 20


def test_answers_to_a_coco_file_have_its_numbers_and_its_precision(fitted: tuple[Path, Path], tmp_path: Path) -> None:
    data, folder = fitted
    shutil.copytree(data / "test", tmp_path / "given" / "test")
    truth = tmp_path / "given" / "mine.json"
    content = renumbered(data / "annotations" / "instances_test.json", truth)
    asked = ["predict", str(folder), str(truth), "-o"]
    assert main([*asked, str(tmp_path / "all"), "--least", "0"]) in (0, None)
    assert main([*asked, str(tmp_path / "sure")]) in (0, None)
    precise = headstart.load(folder).evaluate(truth)["map"].value
    written = json.loads((tmp_path / "all" / "predictions.json").read_text())
    assert [(each["id"], each["file_name"]) for each in written["images"]] == [
        (each["id"], each["file_name"]) for each in content["images"]
    ]
    assert {each["name"]: each["id"] for each in written["categories"]} == {
        each["name"]: each["id"] for each in content["categories"]
    }
    assert min(box["score"] for box in written["annotations"]) < 0.5
    assert precision_by_pycocotools(truth, tmp_path / "all", "bbox") == pytest.approx(precise, abs=2e-3)
    assert 0.02 < precision_by_pycocotools(truth, tmp_path / "sure", "bbox") < precise


@pytest.mark.usefixtures("few_reasons")
def test_a_frame_that_is_asked_for_stays_with_the_model(
    fitted: tuple[Path, Path], tiny_backbones: Path, tmp_path: Path
) -> None:
    assert json.loads((fitted[1] / "model.json").read_text())["task"]["frame"] == [SIDE, SIDE]
    data, out = squares(tmp_path / "data", 4, seed=0, side=SIDE), tmp_path / "model"
    trained = ["--backbone", str(tiny_backbones / "tiny_resnet"), "--strategy", "head_training:epochs=1,views=0"]
    assert main(["fit", str(data), "--frame", "150", *trained, "--out", str(out)]) in (0, None)
    described = json.loads((out / "model.json").read_text())
    assert described["task"]["frame"] == [160, 160]
    assert "--frame 150" in (out / "report.html").read_text(encoding="utf-8")
    again = headstart.load(out)
    assert again.network.backbone.preprocess.frame == (160, 160)
    assert again.predict(data / "test" / "1.png")


def test_the_report_shows_boxes(fitted: tuple[Path, Path]) -> None:
    page = (fitted[1] / "report.html").read_text(encoding="utf-8")
    assert page.count("<br><small>") >= 2 * len(COLOURS), "each average precision has its interval"
    assert "Objects in training examples" in page
    assert "say their class too" in page
    assert "Misses and false alarms" in page
    assert " found</span>" in page
    assert "The worst mistakes" not in page
    assert '<g class="lines"' in page
    assert "Finding more, or fewer false alarms" in page


def test_a_box_is_explained(
    fitted: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headstart.explanations._aims.MOST", 2)
    data, folder = fitted
    out = ["--out", str(tmp_path / "why"), "--json"]
    model = headstart.load(folder)
    pictures = (str(each) for each in sorted((data / "test").iterdir()))
    picture = next(each for each in pictures if model.predict([each])[0] != "nothing")
    capsys.readouterr()
    assert main(["explain", str(folder), picture, *out]) in (0, None)
    said = json.loads(capsys.readouterr().out)
    assert {each["method"] for each in said["explanations"]} == {"hires_cam"}
    first = said["explanations"][0]
    assert first["label"] in COLOURS
    assert 0.5 <= first["score"] <= 1
    assert len(first["edges"]) == 4
    assert [check["name"] for check in first["checks"]] == ["removal", "randomisation", "inside"]
    assert Image.open(said["files"][1]).size[0] >= SIDE


def test_the_report_explains_boxes(fitted: tuple[Path, Path]) -> None:
    page = (fitted[1] / "report.html").read_text(encoding="utf-8")
    assert "Why it says so" in page
    assert "HiResCAM" in page
    assert "of the outlined box" in page
