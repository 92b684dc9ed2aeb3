"""Networks of windows, tokens or channels last: the maps of their stages, rebuilt, cut, reframed and stacked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from headstart.backbones import load, rebuild
from headstart.backbones.base import Backbone
from headstart.backbones.images.torchvision_models import models
from headstart.backbones.images.torchvision_verbs import with_verbs
from headstart.frozen.frontier import find_frontier
from transformer_folders import STAGED, transformer_folder

FRAME = (128, 96)
STRIDES = {
    **{architecture: [4, 8, 16, 32] for architecture in STAGED},
    "maxvit_pico_rw_256": [2, 4, 8, 16, 32],
    "coatnet_nano_rw_224": [2, 4, 8, 16, 32],
    "xcit_nano_12_p16_224": [16],
    "mixer_s32_224": [64],  # two places of 64 pixels, which show 128 × 96
    "convmixer_small_p14": [16],
}
OWN_SIZE = {"mixer_s32_224"}
SHOWN = {"mixer_s32_224": (64, 64), "convmixer_small_p14": (112, 84)}
"""The size in which a frame is looked at, where that is not its own."""


@pytest.fixture(params=STAGED)
def architecture(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def backbone(architecture: str, tmp_path: Path) -> Backbone:
    transformer_folder(tmp_path / "model", architecture)
    return load(tmp_path / "model").framed(FRAME)


def pictures(backbone: Backbone, count: int = 2) -> dict[str, torch.Tensor]:
    width, height = backbone.preprocess.frame
    return {"pixels": torch.randn(count, 3, height, width, generator=torch.Generator().manual_seed(0))}


def given(backbone: Backbone) -> dict[str, torch.Tensor]:
    with torch.no_grad():
        return backbone.maps(pictures(backbone), [each.name for each in backbone.offered_maps()])


def test_maps_are_what_the_network_tells_of_its_stages(architecture: str, backbone: Backbone, tmp_path: Path) -> None:
    """Asked for alone, too: nothing that comes after a map has written over it."""
    assert backbone.preprocess.frame == SHOWN.get(architecture, FRAME)
    assert [each.stride for each in backbone.offered_maps()] == STRIDES[architecture]
    made, batch = backbone.network.made, pictures(backbone)
    with torch.no_grad():
        for at, each in backbone.network._given:
            told = made.forward_intermediates(
                batch["pixels"], indices=[at], norm=True, stop_early=True, intermediates_only=True
            )
            assert torch.allclose(given(backbone)[each.name], told[-1], atol=1e-5)
            assert told[-1].shape[1] == each.channels
        assert torch.allclose(backbone.features(batch), made(batch["pixels"]), atol=1e-5)


def test_it_is_rebuilt_at_its_frame_and_can_be_framed_anew(architecture: str, backbone: Backbone) -> None:
    again = rebuild(json.loads(json.dumps(backbone.describe())), None)
    again.load_state_dict(backbone.state_dict())
    wanted = given(backbone)
    assert all(torch.equal(one, wanted[name]) for name, one in given(again).items())
    other = again.framed((64, 128))
    assert other.describe()["frame"] == [64, 128]
    held = sorted(name for stage in other.stages() for name in (*stage.parameters, *stage.buffers))
    assert held == sorted(name for name, _ in [*other.named_parameters(), *other.named_buffers()])
    if architecture not in OWN_SIZE:
        assert given(other)["maps.16"].shape[2:] == (8, 4)


def test_it_is_cut_between_stages_where_a_trace_follows_it(architecture: str, backbone: Backbone) -> None:
    names = [each.name for each in backbone.offered_maps()]
    backbone.requires_grad_(False)
    for name in backbone.stages()[-1].parameters:
        backbone.get_parameter(name).requires_grad_(True)
    batch = pictures(backbone)
    frontier = find_frontier(backbone, batch, names)
    assert frontier.is_input is architecture.startswith("twins")
    assert ("no trace follows" in frontier.refused) is architecture.startswith("twins")
    with torch.no_grad():
        parts = frontier.trained(frontier.frozen(batch))
        fewer = frontier.trained({name: tensor[:1] for name, tensor in frontier.frozen(batch).items()})
    wanted = given(backbone)
    assert all(torch.allclose(parts[name], wanted[name], atol=1e-5) for name in names)
    assert all(torch.allclose(fewer[name], wanted[name][:1], atol=1e-5) for name in names)


def test_one_that_hands_on_all_maps_itself_stays_as_it_is() -> None:
    from headstart.backbones import SOURCES

    convolutions = SOURCES.load("timm")().tiny("convnext_tiny")
    assert convolutions.framed(FRAME) is convolutions


def test_a_model_of_before_keeps_the_maps_that_it_was_fitted_on(tmp_path: Path) -> None:
    """What was framed when the modules alone were asked says so: it has the frame of its preprocessing alone."""
    transformer_folder(tmp_path / "model", "pvt_v2_b0")
    described = json.loads(json.dumps(load(tmp_path / "model").describe()))
    described["preprocess"]["frame"] = list(FRAME)
    assert [each.stride for each in rebuild(described, None).offered_maps()] == [4, 8, 32]


def test_stacks_of_slices_are_folded_at_the_frame(tmp_path: Path) -> None:
    transformer_folder(tmp_path / "model", "swin_tiny_patch4_window7_224")
    backbone = load(tmp_path / "model").stacked(5).framed(FRAME)
    again = rebuild(json.loads(json.dumps(backbone.describe())), None)
    again.load_state_dict(backbone.state_dict())
    batch = {"pixels": torch.randn(1, 5, FRAME[1], FRAME[0])}
    with torch.no_grad():
        assert torch.equal(again.maps(batch, ["maps.8"])["maps.8"], backbone.maps(batch, ["maps.8"])["maps.8"])


def windows_of_torchvision() -> list[nn.Module]:
    narrow = ([4, 4], 16, [1, 1, 1, 1], [1, 1, 2, 2], [4, 4])
    second = {"block": models.swin_transformer.SwinTransformerBlockV2}
    merging = {"downsample_layer": models.swin_transformer.PatchMergingV2}
    return [
        models.SwinTransformer(*narrow),
        models.SwinTransformer(*narrow, **second, **merging),
        models.MaxVit((64, 64), 8, 2, [8, 8, 16, 16], [1, 1, 1, 1], 4, 0.0),
    ]


@pytest.mark.parametrize("made", windows_of_torchvision(), ids=["swin", "swin_v2", "maxvit"])
def test_windows_of_torchvision_give_what_its_own_forward_computes(made: nn.Module) -> None:
    """The last map as the classifier pools it, and each of the others as the next part of the network takes it."""
    pixels = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    network = with_verbs(made.eval())
    with torch.no_grad():
        last, maps = network.forward_intermediates(pixels, norm=True)
        assert torch.equal(network.forward_head(last), type(network).__base__.forward(network, pixels))
        assert torch.equal(maps[-1], last)
        assert [64 // one.shape[2] for one in maps] == ([2, 4, 8, 16, 32] if len(maps) == 5 else [4, 8, 16, 32])
        (third,) = network.forward_intermediates(pixels, indices=[2])[1]
        assert torch.equal(third, maps[2])


def test_a_vision_transformer_of_torchvision_is_interpolated_to_its_frame() -> None:
    """At the size that it was made for it is torchvision's own; and a map is its patch tokens in rows."""
    torch.manual_seed(0)
    made = models.VisionTransformer(64, 16, 2, 2, 32, 64).eval()
    nn.init.normal_(made.heads.head.weight)
    pixels, wide = torch.randn(2, 3, 64, 64), torch.randn(2, 3, 32, 96)
    with torch.no_grad():
        wanted = made(pixels)
        network = with_verbs(made)
        assert torch.allclose(network.forward_head(network.forward_features(pixels)), wanted, atol=1e-6)
        positions = network.encoder.pos_embedding.clone()
        network.set_input_size(img_size=(32, 96))
        assert network.encoder.pos_embedding.shape == (1, 1 + 2 * 6, 32)
        assert torch.equal(network.encoder.pos_embedding[:, 0], positions[:, 0])
        assert network.forward_features(wide).shape == (2, 13, 32)
