"""Fits from a YOLO of ultralytics: from a folder to answers, reasons, deeper rungs, masks and a new start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import headstart
from boxed_squares import squares
from headstart.backbones import load
from headstart.cli import main
from headstart.core import agpl_package
from headstart.core.agpl_package import TERMS, is_installed
from headstart.model.network import new_network, suited
from headstart.tasks.detection import Detection
from outlined_shapes import shapes
from yolo_folders import yolo_folder

pytestmark = [
    pytest.mark.skipif(not is_installed(), reason="ultralytics is not installed (extra ultralytics)"),
    pytest.mark.usefixtures("few_draws"),
]

SIDES = (128, 128)
KINDS = ("yolov8n", "yolo26n")
"""With one branch and with two."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return squares(tmp_path_factory.mktemp("yolo") / "data", 12, seed=0)


@pytest.mark.usefixtures("few_reasons", "one_explained")
@pytest.mark.parametrize("kind", KINDS)
def test_it_trains_predicts_saves_loads_and_explains(
    kind: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    yolo_folder(tmp_path / "detector", kind)
    model = headstart.fit(
        data, backbone=str(tmp_path / "detector"), strategy="head_training:epochs=2,views=0", budget="10m",
        out=tmp_path / "model", quiet=True,
    )  # fmt: skip
    pictures = sorted(str(path) for path in (data / "test").iterdir())
    again = headstart.load(tmp_path / "model", engine="eager")
    assert model.predict(pictures) == again.predict(pictures)
    result = json.loads((tmp_path / "model" / "result.json").read_text())
    judged = again.evaluate(data / "annotations" / "instances_test.json")
    assert judged["map50"].value == pytest.approx(result["test"]["map50"][0], abs=1e-3)
    assert_a_start(tmp_path / "model")
    assert_marked(tmp_path / "model")
    assert_explained(tmp_path, data / "test" / "1.png", capsys)


def assert_a_start(folder: Path) -> None:
    """The next fit begins with the head that was learnt, down to the bit."""
    start = load(folder)
    assert start.detector.columns == ("blue", "red")
    saved = load_file(folder / "model.safetensors")
    wanted = {name.removeprefix("head."): value for name, value in saved.items() if name.startswith("head.")}
    assert start.detector.weights.keys() == wanted.keys()
    task = Detection(["blue", "red"], [1, 1], SIDES, 3).starting_from(start.detector)
    head = new_network(suited(start, task), task).head.state_dict()
    assert all(torch.equal(head[name], value) for name, value in wanted.items())


def assert_marked(folder: Path) -> None:
    """The licence stands in everything that says where the model comes from."""
    described = json.loads((folder / "model.json").read_text())
    assert described["task"]["detector"]["family"] == "yolo"
    assert described["provenance"]["backbone_licence"] == "agpl-3.0"
    assert described["backbone"]["card"]["licence"] == "agpl-3.0"
    assert 'license: "agpl-3.0"' in (folder / "README.md").read_text(encoding="utf-8").splitlines()
    assert "agpl-3.0" in (folder / "report.html").read_text(encoding="utf-8")


def assert_explained(root: Path, picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Told to show all that it finds, it says why; and under which licence it does, before all else."""
    described = json.loads((root / "model" / "model.json").read_text())
    described["calibration"]["threshold"] = 1e-4
    (root / "model" / "model.json").write_text(json.dumps(described))
    capsys.readouterr()
    agpl_package._open.cache_clear()
    assert main(["explain", str(root / "model"), str(picture), "--out", str(root / "why"), "--json"]) in (0, None)
    said = capsys.readouterr()
    assert said.err.startswith(TERMS)
    first = json.loads(said.out)["explanations"][0]
    assert first["method"] == "hires_cam"
    # with weights so near random ones it may be that nothing speaks for a box, of which no part lies inside then
    assert [check["name"] for check in first["checks"]][:2] == ["removal", "randomisation"]


@pytest.mark.parametrize("kind", KINDS)
def test_deeper_rungs_train_the_trunk_and_early_stages_stay(kind: str, data: Path, tmp_path: Path) -> None:
    yolo_folder(tmp_path / "detector", kind)
    headstart.fit(
        data, backbone=str(tmp_path / "detector"), budget="10m", out=tmp_path / "model", quiet=True,
        strategy="fine_tuning:freeze_depth=12,epochs=2,views=0",
    )  # fmt: skip
    result = json.loads((tmp_path / "model" / "result.json").read_text())
    assert result["chosen"] == "fine_tuning_from_12"
    own, given = (load_file(tmp_path / name / "model.safetensors") for name in ("model", "detector"))
    moved = [
        name
        for name, value in given.items()
        if (mine := own.get(f"backbone.network.body.layers.{name.removeprefix('model.')}")) is not None
        and not torch.equal(mine, value)
    ]
    layers = {int(name.split(".")[1]) for name in moved}
    assert layers
    assert min(layers) >= 12, "the stages before are frozen"


def test_masks_are_learnt_on_its_boxes(tmp_path: Path) -> None:
    yolo_folder(tmp_path / "detector", "yolo11n")
    data = shapes(tmp_path / "data", 10, seed=0)
    model = headstart.fit(
        data, task="instances", backbone=str(tmp_path / "detector"), budget="10m", quiet=True,
        strategy="head_training:epochs=1,views=0",
    )  # fmt: skip
    assert {"map", "box_map"} <= set(model.result.test)
