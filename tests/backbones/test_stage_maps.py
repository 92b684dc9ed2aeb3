"""Networks of windows, tokens or channels last: the maps of their stages, rebuilt, cut, reframed and stacked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from headstart.backbones import load, rebuild
from headstart.backbones.base import Backbone
from headstart.core.errors import UsageError
from headstart.frozen.frontier import find_frontier
from transformer_folders import STAGED, transformer_folder

FRAME = (128, 96)
STRIDES = {
    **{architecture: [4, 8, 16, 32] for architecture in STAGED},
    "maxvit_pico_rw_256": [2, 4, 8, 16, 32],
    "coatnet_nano_rw_224": [2, 4, 8, 16, 32],
    "xcit_nano_12_p16_224": [16],
    "mixer_s32_224": [64],  # two places of 64 pixels, which show 128 × 96
}
OWN_SIZE = {"mixer_s32_224"}
REACHES_BACK = {"mixer_s32_224", "xcit_nano_12_p16_224"}
"""Their last layers, or what puts tokens into a map, read the size of the input."""


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
    assert backbone.preprocess.frame == ((64, 64) if architecture in OWN_SIZE else FRAME)
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
    assert frontier.is_input is (architecture in REACHES_BACK or architecture.startswith("twins"))
    assert ("no trace follows" in frontier.refused) is architecture.startswith("twins")
    with torch.no_grad():
        parts = frontier.trained(frontier.frozen(batch))
    wanted = given(backbone)
    assert all(torch.allclose(parts[name], wanted[name], atol=1e-5) for name in names)


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


def test_windows_of_a_library_that_does_not_tell_are_refused() -> None:
    from headstart.backbones import SOURCES

    with pytest.raises(UsageError, match="or a vision transformer of timm"):
        SOURCES.load("torchvision")().tiny("swin_t").framed(FRAME).offered_maps()
