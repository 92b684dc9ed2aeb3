"""Plain vision transformers at another size: their patch tokens as a map, saved and rebuilt, cut and reframed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from headstart.backbones import load, rebuild
from headstart.core.maps import Map
from headstart.frozen.frontier import find_frontier
from transformer_folders import PLAIN, transformer_folder

FRAME = (128, 64)
STRIDES = {"vit_tiny_r_s16_p8_224": 32}
"""Where they are not 16: here convolutions make what patches are cut from."""


@pytest.mark.parametrize("architecture", PLAIN)
def test_the_map_is_the_patch_tokens_at_the_size_of_the_frame(architecture: str, tmp_path: Path) -> None:
    network = transformer_folder(tmp_path / "model", architecture)
    patch = network.patch_embed.feat_ratio()
    backbone = load(tmp_path / "model").framed(FRAME)
    stride = STRIDES.get(architecture, 16)
    wide, high = (side // stride for side in FRAME)
    assert backbone.offered_maps() == [Map("map", 48, stride)]
    assert backbone.preprocess.frame == (wide * patch, high * patch)
    pixels = torch.randn(2, 3, high * patch, wide * patch)
    network.set_input_size(img_size=(high * patch, wide * patch))
    with torch.no_grad():
        tokens = network.forward_features(pixels)[:, network.num_prefix_tokens :]
        given = backbone.maps({"pixels": pixels}, ["map"])["map"]
        features = backbone.features({"pixels": pixels})
        assert torch.allclose(features, network(pixels), atol=1e-5)
    assert given.shape == (2, 48, high, wide)
    assert torch.allclose(given[:, :, 1, 3], tokens[:, wide + 3], atol=1e-5)


@pytest.mark.parametrize("architecture", PLAIN)
def test_it_is_rebuilt_at_its_frame_and_can_be_framed_anew(architecture: str, tmp_path: Path) -> None:
    transformer_folder(tmp_path / "model", architecture)
    backbone = load(tmp_path / "model").framed(FRAME)
    again = rebuild(json.loads(json.dumps(backbone.describe())), None)
    again.load_state_dict(backbone.state_dict())
    width, height = backbone.preprocess.frame
    batch = {"pixels": torch.randn(1, 3, height, width)}
    with torch.no_grad():
        assert torch.equal(again.maps(batch, ["map"])["map"], backbone.maps(batch, ["map"])["map"])
    other = again.framed((64, 96))
    assert other.describe()["frame"] == [64, 96]
    width, height = other.preprocess.frame
    stride = STRIDES.get(architecture, 16)
    with torch.no_grad():
        given = other.maps({"pixels": torch.zeros(1, 3, height, width)}, ["map"])["map"]
    assert given.shape == (1, 48, 96 // stride, 64 // stride)


@pytest.mark.parametrize("architecture", PLAIN)
def test_it_is_cut_between_blocks(architecture: str, tmp_path: Path) -> None:
    transformer_folder(tmp_path / "model", architecture)
    backbone = load(tmp_path / "model").framed(FRAME)
    width, height = backbone.preprocess.frame
    batch = {"pixels": torch.randn(3, 3, height, width)}
    backbone.requires_grad_(False)
    for name in backbone.stages()[-1].parameters:
        backbone.get_parameter(name).requires_grad_(True)
    frontier = find_frontier(backbone, batch, ["map"])
    assert not frontier.is_input
    with torch.no_grad():
        given = frontier.trained(frontier.frozen(batch))["map"]
        assert torch.allclose(given, backbone.maps(batch, ["map"])["map"], atol=1e-5)
