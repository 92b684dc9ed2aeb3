"""torchvision's segmenters: read from a folder by architecture, without the predictor; the list is torchvision's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from headstart.backbones import load
from headstart.backbones.folders.segmenter_kinds import TORCHVISION
from headstart.backbones.segmenters.trunk import SegmenterTrunk
from headstart.core.errors import HeadstartError, UsageError
from segmenter_folders import torchvision_segmenter

LRASPP = "lraspp_mobilenet_v3_large"


@pytest.mark.parametrize(
    ("architecture", "predictor"),
    [("deeplabv3_mobilenet_v3_large", "classifier.4"), (LRASPP, "classifier.high_classifier")],
)
def test_the_last_map_is_what_the_predictor_reads(architecture: str, predictor: str, tmp_path: Path) -> None:
    model = torchvision_segmenter(tmp_path / "model", architecture)
    backbone = load(tmp_path / "model")
    read: dict[str, torch.Tensor] = {}
    model.get_submodule(predictor).register_forward_pre_hook(lambda _, given: read.update(given=given[0]))
    pixels = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        model(pixels)
        given = backbone.network.last_map(pixels)
        risen = torch.nn.functional.interpolate(given, size=read["given"].shape[2:], mode="bilinear")
    assert torch.allclose(risen, read["given"], rtol=1e-3, atol=1e-5)
    assert backbone.card.pretraining == f"{architecture}, masks of 5 classes"


def test_no_picture_of_the_size_of_pretraining_is_run_to_load_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torchvision_segmenter(tmp_path / "model", LRASPP, miniature=True)
    sides, forward = [], SegmenterTrunk.forward

    def noted(trunk: SegmenterTrunk, pixels: torch.Tensor) -> torch.Tensor:
        sides.append(pixels.shape[-1])
        return forward(trunk, pixels)

    monkeypatch.setattr(SegmenterTrunk, "forward", noted)
    assert load(tmp_path / "model").preprocess.size == 520
    assert sides
    assert max(sides) <= 64


def test_every_name_has_published_weights_of_the_size_listed() -> None:
    from torchvision import models

    published = {
        name: models.get_model_weights(name).DEFAULT.meta["num_params"]
        for name in models.list_models(module=models.segmentation)
    }
    assert published == TORCHVISION


def test_names_and_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="fcn_resnet50"):
        load("torchvision_segmenters/fcn_resnet5")
    torchvision_segmenter(tmp_path / "model", LRASPP)
    config = {"library": "torchvision", "architecture": "deeplabv3_mobilenet_v3_large"}
    (tmp_path / "model" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(HeadstartError, match="do not fit the architecture"):
        load(tmp_path / "model")


def test_they_are_not_fetched_without_a_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(HeadstartError, match="is not on this machine"):
        load(f"torchvision_segmenters/{LRASPP}")
