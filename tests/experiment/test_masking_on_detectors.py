"""Pretrained detectors, and finished models of boxes and of masks, as the starts of networks that give masks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import headstart
from explained_boxes import assert_explained
from headstart.backbones import SOURCES, load
from headstart.cli import main
from headstart.core.outlines import decompressed
from headstart.model.heads import described, rebuilt
from headstart.model.network import new_network, suited
from headstart.tasks.finding.mask_branches import TaughtMasks, branch_on
from headstart.tasks.instances import Instances
from outlined_shapes import COLOURS, shapes
from raw_outputs import assert_computes_alike
from set_detectors import set_detector
from small_detectors import saved

pytestmark = pytest.mark.usefixtures("few_draws", "few_reasons", "narrow_masks", "small_batches")

FAMILIES = (
    "ssd300_mobilenet_v1",
    "ssdlite320_mobilenet_v3_large",
    "retinanet_resnet50_fpn",
    "fcos_resnet50_fpn",
    "fasterrcnn_resnet50_fpn_v2",
)
"""A Mask R-CNN, which is a Faster R-CNN, starts the chain below."""

SETS = SOURCES.load("transformers_detectors")().families()

ONE_EPOCH = "head_training:epochs=1,views=0"


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shapes(tmp_path_factory.mktemp("few") / "data", 4, seed=0, side=96)


def fitted(data: Path, start: Path, out: Path, task: str | None = "instances") -> dict[str, object]:
    """Fit to `data` from what lies in `start`; what the model in `out` says of itself."""
    model = headstart.fit(data, task=task, backbone=str(start), strategy=ONE_EPOCH, budget="10m", out=out, quiet=True)
    said: dict[str, object] = json.loads((out / "result.json").read_text())
    again = headstart.load(out)
    assert_computes_alike(model, again, data / "test" / "1.png")
    judged = again.evaluate(data / "annotations" / "instances_test.json")
    assert judged["map50"].value == pytest.approx(said["test"]["map50"][0], abs=1e-3)  # type: ignore[index]
    return said


@pytest.mark.parametrize("family", FAMILIES)
def test_each_detector_is_the_start_of_a_mask_network(family: str, few: Path, tmp_path: Path) -> None:
    saved(family, tmp_path / "detector")
    assert fitted(few, tmp_path / "detector", tmp_path / "model")["task"] == "instances"
    start = load(tmp_path / "model")
    assert start.detector.columns[start.detector.first :] == tuple(sorted(COLOURS))
    assert any(name.startswith("masks.") for name in start.detector.weights)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_head_that_is_built_again_reads_the_same_maps(family: str, tmp_path: Path) -> None:
    """Some detectors have two maps of a stride, of which the masks were learnt on one."""
    saved(family, tmp_path / "detector")
    backbone = load(tmp_path / "detector")
    task = Instances(sorted(COLOURS), [1, 1], (96, 96), 3).starting_from(backbone.detector)
    head = new_network(suited(backbone, task), task).head
    again = rebuilt(described(head, 0), task)
    assert again.maps == head.maps
    assert again.masks.maps == head.masks.maps
    assert again.finder.maps == head.finder.maps


@pytest.mark.parametrize("family", SETS)
def test_each_detector_of_sets_is_the_start_of_a_mask_network(family: str, few: Path, tmp_path: Path) -> None:
    set_detector(tmp_path / "detector", family)
    assert fitted(few, tmp_path / "detector", tmp_path / "model")["task"] == "instances"
    described = json.loads((tmp_path / "model" / "model.json").read_text())
    described["calibration"]["threshold"] = 1e-4  # a miniature is sure of nothing
    (tmp_path / "model" / "model.json").write_text(json.dumps(described))
    assert main(["predict", str(tmp_path / "model"), str(few / "test"), "-o", str(tmp_path / "out")]) in (0, None)
    found = json.loads((tmp_path / "out" / "predictions.json").read_text())["annotations"]
    assert found
    assert all(decompressed(one["segmentation"]["counts"]) for one in found)
    assert load(tmp_path / "model").detector.family == family


@pytest.mark.usefixtures("few_removals", "one_explained")
def test_a_mask_network_goes_on_to_boxes_and_a_detector_to_masks_and_other_masks(
    few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved("maskrcnn_resnet50_fpn", tmp_path / "detector")
    chain = {"masks": "instances", "boxes": None, "again": "instances", "more": "instances"}
    start = tmp_path / "detector"
    for name, task in chain.items():
        assert fitted(few, start, tmp_path / name, task)["task"] == (task or "detection")
        start = tmp_path / name
    of_masks = [load(tmp_path / name).detector for name in ("masks", "boxes", "more")]
    assert ["masks" in each.settings for each in of_masks] == [True, False, False]  # once lost they are new ones
    assert_explained(tmp_path / "masks", few / "test" / "1.png", capsys)


def test_a_mask_r_cnn_starts_with_its_own_mask_layers(tmp_path: Path) -> None:
    model = saved("maskrcnn_resnet50_fpn", tmp_path / "detector")
    detector = load(tmp_path / "detector").detector
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
