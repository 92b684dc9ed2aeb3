"""Fits from a detector that predicts a set: each family from a folder to answers, reasons and a new start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import headstart
from boxed_squares import squares
from explained_boxes import assert_explained
from headstart.backbones import SOURCES, load
from headstart.cli import main
from headstart.model.network import new_network, suited
from headstart.tasks.detection import Detection
from raw_outputs import assert_computes_alike
from set_detectors import set_detector

pytestmark = pytest.mark.usefixtures("few_draws", "small_batches")

SIDES = (96, 96)
FAMILIES = SOURCES.load("transformers_detectors")().families()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return squares(tmp_path_factory.mktemp("sets") / "data", 6, seed=0, side=96)


@pytest.mark.usefixtures("few_reasons", "few_removals", "one_explained")
@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_trains_predicts_saves_loads_and_explains(
    family: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_detector(tmp_path / "detector", family)
    model = headstart.fit(
        data, backbone=str(tmp_path / "detector"), strategy="head_training:epochs=1,views=0", budget="10m",
        out=tmp_path / "model", quiet=True,
    )  # fmt: skip
    described = json.loads((tmp_path / "model" / "model.json").read_text())
    assert described["task"]["detector"]["family"] == family
    pictures = sorted(str(path) for path in (data / "test").iterdir())
    again = headstart.load(tmp_path / "model", engine="eager")
    assert_computes_alike(model, again, data / "test" / "1.png")
    result = json.loads((tmp_path / "model" / "result.json").read_text())
    judged = again.evaluate(data / "annotations" / "instances_test.json")
    assert judged["map50"].value == pytest.approx(result["test"]["map50"][0], abs=1e-3)
    model.calibration["threshold"] = again.calibration["threshold"] = 1e-4  # a miniature is sure of nothing
    answers = again.predict(pictures)
    assert set(answers) != {"nothing"}
    assert answers == model.predict(pictures)
    assert main(["predict", str(tmp_path / "model"), str(data / "test"), "-o", str(tmp_path / "out")]) in (0, None)
    assert len(list((tmp_path / "out" / "pictures").iterdir())) == len(pictures)
    start = load(tmp_path / "model")
    assert start.detector.columns[start.detector.first :] == ("blue", "red")
    saved = load_file(tmp_path / "model" / "model.safetensors")
    wanted = {name.removeprefix("head."): value for name, value in saved.items() if name.startswith("head.")}
    assert start.detector.weights.keys() == wanted.keys()
    task = Detection(["blue", "red"], [1, 1], SIDES, 3).starting_from(start.detector)
    head = new_network(suited(start, task), task).head.state_dict()
    assert all(torch.equal(head[name], value) for name, value in wanted.items())
    assert_explained(tmp_path / "model", data / "test" / "1.png", capsys)


@pytest.mark.usefixtures("short_heads")
@pytest.mark.parametrize("family", ["yolos", "rt_detr"])
def test_deeper_rungs_train_the_trunk(family: str, data: Path, tmp_path: Path) -> None:
    set_detector(tmp_path / "detector", family)
    depth = 3 if family == "yolos" else 12
    headstart.fit(
        data, backbone=str(tmp_path / "detector"), budget="10m", out=tmp_path / "model", quiet=True,
        strategy=f"fine_tuning:freeze_depth={depth},epochs=2,views=0",
    )  # fmt: skip
    result = json.loads((tmp_path / "model" / "result.json").read_text())
    assert result["chosen"] == f"fine_tuning_from_{depth}"
