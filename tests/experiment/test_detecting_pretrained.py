"""Fits that start from a pretrained detector: each family from a folder to answers, and again from what came out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

import headstart
from boxed_squares import squares
from explained_boxes import assert_explained
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


@pytest.mark.usefixtures("few_reasons", "few_removals", "one_explained")
@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_trains_saves_loads_predicts_and_explains(
    family: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved(family, tmp_path / "detector")
    surer(tmp_path / "detector")
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
    turned_round(tmp_path / "model")
    assert_explained(tmp_path / "model", data / "test" / "1.png", capsys)


def turned_round(folder: Path) -> None:
    """All that the classes of two stages have learnt so far speaks against boxes, which marks nothing: let it speak
    for them."""
    weights = load_file(folder / "model.safetensors")
    if (learnt := weights.get("head.classify.weight")) is not None:
        save_file(weights | {"head.classify.weight": -learnt}, folder / "model.safetensors")


def surer(folder: Path) -> None:
    """Of one whose classifier begins with scores too low to be told, as RetinaNet's and FCOS', raise the bias."""
    weights = load_file(folder / "model.safetensors")
    if (bias := weights.get("head.classification_head.cls_logits.bias")) is not None:
        save_file(weights | {"head.classification_head.cls_logits.bias": bias + 3}, folder / "model.safetensors")


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
