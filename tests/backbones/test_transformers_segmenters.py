"""Segmenters of transformers: told from other models by their files, and the trunk gives what the predictor reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from headstart.backbones import load
from headstart.backbones._folder import read_config
from headstart.backbones._segmenter_kinds import KINDS, kind_of
from headstart.core.errors import HeadstartError
from segmenter_folders import transformers_segmenter

PREDICTORS = {
    "mobilenet_v2": "segmentation_head.classifier",
    "segformer": "decode_head.classifier",
    "upernet": "decode_head.classifier",
}


def without_architectures(folder: Path) -> None:
    file = folder / "config.json"
    plain = json.loads(file.read_text(encoding="utf-8"))
    del plain["architectures"]
    file.write_text(json.dumps(plain), encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_map_is_what_the_predictor_of_transformers_reads(kind: str, tmp_path: Path) -> None:
    model = transformers_segmenter(tmp_path / "model", kind)
    backbone = load(tmp_path / "model")
    read: dict[str, torch.Tensor] = {}
    predictor = model.get_submodule(PREDICTORS[kind])
    predictor.register_forward_pre_hook(lambda _, given: read.update(given=given[0]))
    pixels = torch.randn(2, 3, 64, 96)
    with torch.no_grad():
        model(pixels)
        given = backbone.network.last_map(pixels)
    step = read["given"].shape[2] // given.shape[2]
    assert torch.allclose(given, torch.nn.functional.avg_pool2d(read["given"], step), atol=1e-5)
    assert "masks of 5 classes" in backbone.card.pretraining
    assert backbone.card.modality == "image"


@pytest.mark.parametrize("kind", KINDS)
def test_the_weights_tell_where_the_configuration_does_not(kind: str, tmp_path: Path) -> None:
    transformers_segmenter(tmp_path / "model", kind)
    without_architectures(tmp_path / "model")
    assert kind_of(tmp_path / "model", read_config(tmp_path / "model")) is KINDS[kind]
    assert load(tmp_path / "model").offered_maps()


def test_a_classifier_of_the_same_architecture_is_no_segmenter(tmp_path: Path) -> None:
    from transformers import MobileNetV2Config, MobileNetV2ForImageClassification

    model = MobileNetV2ForImageClassification(MobileNetV2Config(depth_multiplier=0.25, image_size=64))
    model.save_pretrained(tmp_path / "model")
    assert kind_of(tmp_path / "model", read_config(tmp_path / "model")) is None
    without_architectures(tmp_path / "model")
    assert kind_of(tmp_path / "model", read_config(tmp_path / "model")) is None
    with pytest.raises(HeadstartError, match="holds no backbone that can be read here"):
        load(tmp_path / "model")


def test_missing_weights_are_named(tmp_path: Path) -> None:
    transformers_segmenter(tmp_path / "model", "mobilenet_v2")
    file = tmp_path / "model" / "model.safetensors"
    weights = load_file(file)
    del weights["segmentation_head.conv_aspp.convolution.weight"]
    save_file(weights, file)
    with pytest.raises(HeadstartError, match=r"segmentation_head\.conv_aspp\.convolution\.weight"):
        load(tmp_path / "model")


def test_settings_of_the_pixels_are_read_and_broken_ones_named(tmp_path: Path) -> None:
    transformers_segmenter(tmp_path / "model", "mobilenet_v2")
    assert load(tmp_path / "model").preprocess.mean == (0.5, 0.5, 0.5)
    file = tmp_path / "model" / "preprocessor_config.json"
    file.write_text(json.dumps({"image_mean": [0.1, 0.2, 0.3]}), encoding="utf-8")
    assert load(tmp_path / "model").preprocess.mean == (0.1, 0.2, 0.3)
    file.write_text("{", encoding="utf-8")
    with pytest.raises(HeadstartError, match=r"preprocessor_config.json: is not JSON"):
        load(tmp_path / "model")


def test_the_real_segmenter_gives_the_maps_of_its_trunk_and_of_its_pyramid(shared: Path) -> None:
    backbone = load(shared / "backbones" / "deeplabv3_mobilenetv2_voc")
    assert [(each.stride, each.channels) for each in backbone.offered_maps()] == [
        (2, 16),
        (4, 24),
        (8, 32),
        (16, 256),
    ]
    assert "masks of 21 classes" in backbone.card.pretraining
    assert "Apache-2.0" in backbone.card.licence
    assert backbone.preprocess.mean == (0.5, 0.5, 0.5)
