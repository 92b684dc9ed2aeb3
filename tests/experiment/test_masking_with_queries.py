"""Fits of single objects that start from queries that ask for masks: from a folder to answers and reasons."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import headstart
from headstart.backbones import load
from headstart.cli import main
from outlined_shapes import COLOURS, shapes
from raw_outputs import assert_computes_alike
from segmenter_folders import transformers_segmenter

pytestmark = pytest.mark.usefixtures("few_draws", "small_batches")

ONE_EPOCH = "head_training:epochs=1,views=0"


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shapes(tmp_path_factory.mktemp("queried") / "data", 4, seed=0, side=96)


def fitted(data: Path, start: Path, out: Path, task: str | None = "instances", strategy: str = ONE_EPOCH) -> Path:
    """The folder of a model that starts from `start` and judges as it did when it is loaded again."""
    model = headstart.fit(data, task=task, backbone=str(start), strategy=strategy, budget="10m", out=out, quiet=True)
    result = json.loads((out / "result.json").read_text())
    again = headstart.load(out, engine="eager")
    assert_computes_alike(model, again, data / "test" / "1.png")
    judged = again.evaluate(data / "annotations" / "instances_test.json")
    assert judged["map50"].value == pytest.approx(result["test"]["map50"][0], abs=1e-3)
    return out


@pytest.fixture(scope="module")
def finished(
    few: Path, tmp_path_factory: pytest.TempPathFactory, few_draws: None, small_batches: None
) -> Callable[[str], Path]:
    """Of a family, the folder of a model after one epoch; not to be written to."""

    @cache
    def fit(family: str) -> Path:
        folder = tmp_path_factory.mktemp(family)
        transformers_segmenter(folder / "start", family)
        return fitted(few, folder / "start", folder / "model")

    return fit


@pytest.mark.usefixtures("one_explained")
@pytest.mark.parametrize("family", ["maskformer", "mask2former"])
def test_each_family_trains_predicts_saves_loads_and_explains(
    family: str, few: Path, finished: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = shutil.copytree(finished(family), tmp_path / "model")
    described = json.loads((model / "model.json").read_text())
    assert described["task"]["detector"]["family"] == family
    shows_all(model, described)
    asked = ["predict", str(model), str(few / "test"), "-o", str(tmp_path / "out")]
    assert main(asked) in (0, None)
    found = json.loads((tmp_path / "out" / "predictions.json").read_text())["annotations"]
    assert found
    assert {"segmentation", "bbox", "score"} <= found[0].keys()
    capsys.readouterr()
    asked = ["explain", str(model), str(few / "test" / "1.png"), "--out", str(tmp_path / "why"), "--json"]
    assert main(asked) in (0, None)
    first = json.loads(capsys.readouterr().out)["explanations"][0]
    assert first["label"] in COLOURS
    assert [check["name"] for check in first["checks"]] == ["removal", "randomisation", "inside"]


def shows_all(folder: Path, described: dict[str, dict[str, float]]) -> None:
    """A miniature is sure of nothing: let the model in `folder` show all that it finds."""
    described["calibration"]["threshold"] = 1e-4
    (folder / "model.json").write_text(json.dumps(described))


def test_a_finished_model_goes_on_with_its_queries_or_to_boxes_alone(
    few: Path, finished: Callable[[str], Path], tmp_path: Path
) -> None:
    first = finished("mask2former")
    start = load(first)
    assert start.detector.columns == ("", *sorted(COLOURS))
    saved = load_file(first / "model.safetensors")
    own = {name.removeprefix("head."): value for name, value in saved.items() if name.startswith("head.")}
    assert start.detector.weights.keys() == own.keys()
    assert all(torch.equal(start.detector.weights[name], value) for name, value in own.items())
    again = fitted(few, first, tmp_path / "again")
    assert load(again).detector.finds_masks
    boxes = fitted(few, again, tmp_path / "boxes", task=None)
    described = json.loads((boxes / "model.json").read_text())
    assert (described["task"]["name"], "detector" in described["task"]) == ("detection", False)


@pytest.mark.usefixtures("short_heads")
def test_deeper_rungs_train_the_trunk(few: Path, tmp_path: Path) -> None:
    transformers_segmenter(tmp_path / "start", "maskformer")
    depth = len(load(tmp_path / "start").stages()) - 2
    model = fitted(
        few, tmp_path / "start", tmp_path / "model",
        strategy=f"fine_tuning:freeze_depth={depth},epochs=1,views=0",
    )  # fmt: skip
    assert json.loads((model / "result.json").read_text())["chosen"] == f"fine_tuning_from_{depth}"
