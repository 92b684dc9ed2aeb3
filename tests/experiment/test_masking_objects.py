"""Objects with masks from end to end: outlines in, a model, its figures, answers, report and reasons out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import headstart
from headstart.backbones import load
from headstart.cli import main
from headstart.core.outlines import decompressed, unrolled
from outlined_shapes import COLOURS, SIDE, shapes
from small_detectors import saved

FAMILIES = ("ssd300_mobilenet_v1", "retinanet_resnet50_fpn", "fcos_resnet50_fpn", "maskrcnn_resnet50_fpn")
"""One of each kind of levels; a Faster R-CNN starts the chain below."""

TWO_EPOCHS = "head_training:epochs=2,views=0"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shapes(tmp_path_factory.mktemp("masking") / "data", 32, seed=0)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shapes(tmp_path_factory.mktemp("few") / "data", 12, seed=0)


@pytest.fixture(scope="module")
def fitted(tiny_backbones: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model on a miniature without any pretraining."""
    folder = tmp_path_factory.mktemp("masked") / "model"
    headstart.fit(
        data, task="instances", backbone=str(tiny_backbones / "tiny_resnet"), strategy="head_training:epochs=14",
        budget="10m", out=folder, quiet=True,
    )  # fmt: skip
    return folder


def test_it_finds_and_outlines_what_it_has_learnt(fitted: Path, data: Path) -> None:
    result = json.loads((fitted / "result.json").read_text())
    assert result["task"] == "instances"
    value, low, high = result["test"]["map50"]
    assert low <= value <= high
    assert value > 0.15  # nothing learnt: 0.00
    assert {"map", "map75", "box_map", "box_map50"} <= result["test"].keys()
    assert result["test"]["average_precision"].keys() == set(COLOURS)
    again = headstart.load(fitted).evaluate(data / "annotations" / "instances_test.json")
    for name in ("map", "map50", "box_map"):
        assert again[name].value == pytest.approx(result["test"][name][0], abs=1e-3)


def test_answers_hold_run_lengths_that_cover_the_objects(fitted: Path, data: Path, tmp_path: Path) -> None:
    assert main(["predict", str(fitted), str(data / "test"), "-o", str(tmp_path / "out")]) in (0, None)
    content = json.loads((tmp_path / "out" / "predictions.json").read_text())
    assert content["annotations"]
    truth = json.loads((data / "annotations" / "instances_test.json").read_text())
    names = {image["id"]: image["file_name"] for image in content["images"]}
    numbers = {image["file_name"]: image["id"] for image in truth["images"]}
    best = []
    for found in content["annotations"]:
        mask = unrolled(decompressed(found["segmentation"]["counts"]), (SIDE, SIDE))
        assert mask.sum() == found["area"]
        pixels = np.asarray(Image.open(data / "test" / names[found["image_id"]]))
        coloured = np.abs(pixels.astype(int) - 125).max(axis=2) > 60
        best.append((mask & coloured).sum() / max(mask.sum(), 1))
        assert numbers[names[found["image_id"]]]
    assert np.mean(best) > 0.7  # of what is covered so much is an object; of a picture a fifth is
    assert len(list((tmp_path / "out" / "pictures").iterdir())) == 16
    table = (tmp_path / "out" / "predictions.csv").read_text(encoding="utf-8")
    assert table.splitlines()[0] == "input,label,probability,boxes"
    assert main(["predict", str(fitted), str(data / "test"), "-o", str(tmp_path / "found.jsonl")]) in (0, None)


def test_report_and_reasons(fitted: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (fitted / "report.html").read_text(encoding="utf-8")
    assert "an object with a mask is tinted so" in page
    assert "mAP of boxes" in page
    assert "Why it says so" in page
    model = headstart.load(fitted)
    picture = next(each for each in sorted((data / "test").iterdir()) if model.predict([str(each)]) != ["nothing"])
    capsys.readouterr()
    assert main(["explain", str(fitted), str(picture), "--out", str(tmp_path / "why"), "--json"]) in (0, None)
    first = json.loads(capsys.readouterr().out)["explanations"][0]
    assert first["label"] in COLOURS
    assert [check["name"] for check in first["checks"]] == ["removal", "randomisation", "inside"]


@pytest.mark.parametrize("family", FAMILIES)
def test_each_detector_is_the_start_of_a_mask_network(family: str, few: Path, tmp_path: Path) -> None:
    saved(family, tmp_path / "detector")
    headstart.fit(
        few, task="instances", backbone=str(tmp_path / "detector"), strategy=TWO_EPOCHS, budget="10m",
        out=tmp_path / "model", quiet=True,
    )  # fmt: skip
    result = json.loads((tmp_path / "model" / "result.json").read_text())
    again = headstart.load(tmp_path / "model").evaluate(few / "annotations" / "instances_test.json")
    assert again["map50"].value == pytest.approx(result["test"]["map50"][0], abs=1e-3)
    start = load(tmp_path / "model")
    assert start.detector.columns[start.detector.first :] == tuple(sorted(COLOURS))
    assert any(name.startswith("masks.") for name in start.detector.weights)


def test_a_finished_detector_goes_on_to_masks_and_a_mask_network_to_masks_and_boxes(
    few: Path, tmp_path: Path
) -> None:
    saved("fasterrcnn_resnet50_fpn", tmp_path / "detector")
    common = {"strategy": TWO_EPOCHS, "budget": "10m", "quiet": True}
    headstart.fit(few, backbone=str(tmp_path / "detector"), out=tmp_path / "boxes", **common)
    headstart.fit(few, task="instances", backbone=str(tmp_path / "boxes"), out=tmp_path / "masks", **common)
    headstart.fit(few, task="instances", backbone=str(tmp_path / "masks"), out=tmp_path / "more", **common)
    headstart.fit(few, backbone=str(tmp_path / "more"), out=tmp_path / "back", **common)
    tasks = [json.loads((tmp_path / name / "result.json").read_text())["task"] for name in ("masks", "more", "back")]
    assert tasks == ["instances", "instances", "detection"]


def test_a_mask_r_cnn_starts_with_its_own_mask_layers(tmp_path: Path) -> None:
    model = saved("maskrcnn_resnet50_fpn", tmp_path / "detector")
    detector = load(tmp_path / "detector").detector
    from headstart.tasks._mask_branches import TaughtMasks, branch_on

    branch = branch_on(detector, ["Traffic_Light", "disc"], detector.maps)
    assert isinstance(branch, TaughtMasks)
    predictor = model.roi_heads.mask_predictor.mask_fcn_logits
    row = detector.columns.index("traffic light")
    np.testing.assert_allclose(branch.predict.weight[0].detach(), predictor.weight[row].detach())
    unknown = branch_on(detector, ["disc"], detector.maps)
    np.testing.assert_allclose(
        unknown.predict.weight[0].detach(), predictor.weight[1:].mean(0).detach(), rtol=1e-4, atol=1e-6
    )
    look = dict(model.roi_heads.mask_head.state_dict())
    assert all((branch.look.state_dict()[name] == value).all() for name, value in look.items())
