"""Fits that start from a pretrained detector: each family from a folder to answers, and again from what came out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import headstart
from boxed_squares import squares
from headstart.backbones import SOURCES, load
from headstart.cli import main
from headstart.core.errors import UsageError
from raw_outputs import assert_computes_alike
from small_detectors import saved

pytestmark = pytest.mark.usefixtures("few_draws", "small_batches")

FAMILIES = SOURCES.load("torchvision_detectors")().families()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return squares(tmp_path_factory.mktemp("pretrained") / "data", 6, seed=0, side=96)


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_trains_saves_loads_and_predicts(family: str, data: Path, tmp_path: Path) -> None:
    saved(family, tmp_path / "detector")
    model = headstart.fit(
        data, backbone=str(tmp_path / "detector"), strategy="head_training:epochs=1,views=0", budget="10m",
        out=tmp_path / "model", quiet=True,
    )  # fmt: skip
    described = json.loads((tmp_path / "model" / "model.json").read_text())
    assert described["task"]["detector"]["maps"]
    result = json.loads((tmp_path / "model" / "result.json").read_text())
    again = headstart.load(tmp_path / "model")
    assert_computes_alike(model, again, data / "test" / "1.png")
    judged = again.evaluate(data / "annotations" / "instances_test.json")
    assert judged["map50"].value == pytest.approx(result["test"]["map50"][0], abs=1e-3)
    assert main(["predict", str(tmp_path / "model"), str(data / "test"), "-o", str(tmp_path / "out")]) in (0, None)
    assert len(list((tmp_path / "out" / "pictures").iterdir())) == 3
    start = load(tmp_path / "model")  # a finished detector is one to start from
    assert start.detector.columns[start.detector.first :] == ("blue", "red")
    assert start.detector.weights


def test_a_detector_of_pictures_of_one_size_takes_no_other_frame(data: Path, tmp_path: Path) -> None:
    saved(FAMILIES[0], tmp_path / "detector")
    with pytest.raises(UsageError, match=r"takes pictures of 96 × 96 pixels alone, .* Leave --frame out"):
        headstart.fit(data, backbone=str(tmp_path / "detector"), frame=256, out=tmp_path / "model", quiet=True)


@pytest.mark.usefixtures("short_heads")
def test_deeper_rungs_train_the_trunk(data: Path, tmp_path: Path) -> None:
    saved(FAMILIES[0], tmp_path / "detector")
    headstart.fit(
        data, backbone=str(tmp_path / "detector"), strategy="fine_tuning:freeze_depth=12,epochs=2,views=0",
        budget="10m", out=tmp_path / "model", quiet=True,
    )  # fmt: skip
    result = json.loads((tmp_path / "model" / "result.json").read_text())
    assert result["chosen"] == "fine_tuning_from_12"
