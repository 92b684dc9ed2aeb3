"""Segmenters of transformers: told from other models by their files, and the trunk gives what the predictor reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from headstart.backbones import SOURCES, load
from headstart.backbones.folders.folder import read_config
from headstart.backbones.folders.segmenter_kinds import KINDS, kind_of
from headstart.core.errors import HeadstartError
from segmenter_folders import transformers_segmenter

PREDICTORS = {
    "mobilenet_v2": "segmentation_head.classifier",
    "segformer": "decode_head.classifier",
    "upernet": "decode_head.classifier",
}

MASKED = "model.pixel_level_module.decoder.mask_projection"
"""What gives the map that queries are multiplied with, where no module is the predictor."""

RESIDUAL = {
    "model_type": "resnet",
    "embedding_size": 8,
    "hidden_sizes": [8, 16, 24, 32],
    "depths": [1, 1, 1, 1],
    "out_features": ["stage1", "stage2", "stage3", "stage4"],
}
WINDOWS = {
    "model_type": "swin",
    "image_size": 64,
    "embed_dim": 8,
    "depths": [1, 2, 1, 1],
    "num_heads": [1, 2, 2, 4],
    "window_size": 3,
    "out_features": ["stage1", "stage2", "stage3", "stage4"],
}
ON_BACKBONES = [(kind, under) for kind in ("maskformer", "mask2former", "upernet") for under in (RESIDUAL, WINDOWS)]


def changed(folder: Path, name: str = "config.json", **values: Any) -> None:
    plain = json.loads((folder / name).read_text(encoding="utf-8"))
    (folder / name).write_text(json.dumps({**plain, **values}), encoding="utf-8")


def what_the_predictor_reads(model: Any, kind: str, pixels: torch.Tensor) -> torch.Tensor:
    """(N, D, h, w) within a whole model of transformers."""
    read: list[torch.Tensor] = []
    if kind in PREDICTORS:
        model.get_submodule(PREDICTORS[kind]).register_forward_pre_hook(lambda _, given: read.append(given[0]))
    else:
        model.get_submodule(MASKED).register_forward_hook(lambda _, __, given: read.append(given))
    with torch.no_grad():
        model(pixels)
    return read[0]


def assert_reads_the_same(model: Any, kind: str, backbone: Any) -> None:
    pixels = torch.randn(2, 3, 64, 96)
    wanted = what_the_predictor_reads(model, kind, pixels)
    with torch.no_grad():
        given = backbone.network.last_map(pixels)
    step = wanted.shape[2] // given.shape[2]
    assert wanted.std() > 0.1
    assert torch.allclose(given, torch.nn.functional.avg_pool2d(wanted, step), atol=1e-5)


def without_architectures(folder: Path) -> None:
    file = folder / "config.json"
    plain = json.loads(file.read_text(encoding="utf-8"))
    del plain["architectures"]
    file.write_text(json.dumps(plain), encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_map_is_what_the_predictor_of_transformers_reads(kind: str, tmp_path: Path) -> None:
    model = transformers_segmenter(tmp_path / "model", kind)
    backbone = load(tmp_path / "model")
    assert_reads_the_same(model, kind, backbone)
    assert "masks of 5 classes" in backbone.card.pretraining
    assert backbone.card.modality == "image"


@pytest.mark.parametrize(("kind", "under"), ON_BACKBONES)
def test_decoders_stand_on_networks_of_windows_and_of_convolutions(
    kind: str, under: dict[str, Any], tmp_path: Path
) -> None:
    model = transformers_segmenter(tmp_path / "model", kind, backbone_config=under)
    backbone = load(tmp_path / "model")
    assert_reads_the_same(model, kind, backbone)
    assert [each.stride for each in backbone.offered_maps()] == [4, 8, 16, 32]
    rebuilt = SOURCES.load("transformers_segmenters")().rebuild(backbone.describe(), None)
    rebuilt.load_state_dict(backbone.state_dict())
    assert rebuilt.describe() == backbone.describe()
    assert_reads_the_same(model, kind, rebuilt)


@pytest.mark.parametrize("kind", ["maskformer", "mask2former"])
def test_queries_for_masks_need_no_weights_and_have_none_here(kind: str, tmp_path: Path) -> None:
    model = transformers_segmenter(tmp_path / "model", kind)
    file = tmp_path / "model" / "model.safetensors"
    weights = {name: value for name, value in load_file(file).items() if name.startswith("model.pixel_level_module.")}
    assert len(weights) < len(load_file(file))
    save_file(weights, file)
    backbone = load(tmp_path / "model")
    assert_reads_the_same(model, kind, backbone)
    count = sum(parameter.numel() for parameter in backbone.parameters())
    inside = sum(parameter.numel() for parameter in model.model.pixel_level_module.parameters())
    positions = {"maskformer": 0, "mask2former": 3 * 32}[kind]  # each of two layers has its own
    assert count == inside + positions


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


@pytest.mark.parametrize("kind", ["maskformer", "mask2former", "upernet"])
@pytest.mark.parametrize(
    "under",
    [
        {"backbone": "microsoft/swin-tiny", "backbone_config": None},
        {"backbone_config": "microsoft/swin-tiny"},
        {"backbone_config": {"model_type": "timm_backbone", "backbone": "microsoft/swin-tiny"}},
    ],
)
def test_a_backbone_that_would_be_fetched_is_refused(kind: str, under: dict[str, Any], tmp_path: Path) -> None:
    transformers_segmenter(tmp_path / "model", kind)
    changed(tmp_path / "model", **under)
    with pytest.raises(HeadstartError, match=r"/model: config.json names the backbone 'microsoft/swin-tiny', which"):
        load(tmp_path / "model")


@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        ("mask2former", {"feature_size": "wide"}),
        ("mask2former", {"feature_size": 33}),
        ("mask2former", {"num_attention_heads": 3}),
        ("mask2former", {"backbone_config": {**WINDOWS, "out_features": ["stage4"]}}),
        ("mask2former", {"backbone_config": {"model_type": "none such"}}),
        ("mask2former", {"backbone_config": ["swin"]}),
        ("maskformer", {"backbone_config": {"model_type": "bert"}}),
        ("maskformer", {"decoder_config": {"model_type": "swin"}}),
        ("maskformer", {"id2label": ["sky"]}),
        ("upernet", {"backbone_config": {"model_type": "none such"}}),
        ("segformer", {"depths": 2}),
    ],
)
def test_a_configuration_that_nothing_is_built_from_is_named(
    kind: str, broken: dict[str, Any], tmp_path: Path
) -> None:
    transformers_segmenter(tmp_path / "model", kind)
    changed(tmp_path / "model", **broken)
    with pytest.raises(
        HeadstartError, match=r"/model: (no network can be built|the weights do not fit|its weights could not)"
    ):
        load(tmp_path / "model")


@pytest.mark.parametrize("kind", ["maskformer", "mask2former"])
def test_weights_of_another_configuration_are_named(kind: str, tmp_path: Path) -> None:
    transformers_segmenter(tmp_path / "model", kind)
    changed(tmp_path / "model", mask_feature_size=64)
    with pytest.raises(HeadstartError, match=r"/model: the weights do not fit config.json: .*mask_projection"):
        load(tmp_path / "model")
    (tmp_path / "model" / "model.safetensors").write_bytes(b"{}")
    with pytest.raises(HeadstartError, match="/model: its weights could not be loaded"):
        load(tmp_path / "model")


def test_settings_of_the_pixels_are_read_and_broken_ones_named(tmp_path: Path) -> None:
    transformers_segmenter(tmp_path / "model", "mobilenet_v2")
    assert load(tmp_path / "model").preprocess.mean == (0.5, 0.5, 0.5)
    file = tmp_path / "model" / "preprocessor_config.json"
    file.write_text(json.dumps({"image_mean": [0.1, 0.2, 0.3]}), encoding="utf-8")
    assert load(tmp_path / "model").preprocess.mean == (0.1, 0.2, 0.3)
    file.write_text(json.dumps({"rescale_factor": "x"}), encoding="utf-8")
    with pytest.raises(HeadstartError, match=r"/model: nothing can be made of preprocessor_config.json"):
        load(tmp_path / "model")
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
