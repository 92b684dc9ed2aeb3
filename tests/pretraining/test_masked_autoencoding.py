"""Masked autoencoding by hand: what is hidden, what is told of it, and which networks can learn so."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from headstart.backbones import SOURCES
from headstart.backbones.base import Backbone
from headstart.backbones.images.last_map import last_map
from headstart.backbones.texts.kept_tokens import encoded, patches_of
from headstart.core.errors import UsageError
from headstart.core.maps import Map
from headstart.pretraining._masked_cells import MaskedCells
from headstart.pretraining._masked_patches import MaskedPatches, cut_up, standardised, waves
from headstart.pretraining.masked_autoencoding import MaskedAutoencoding


def tiny(name: str) -> Backbone:
    torch.manual_seed(0)
    return SOURCES.load("timm")().tiny(name)


def test_with_every_patch_kept_the_tokens_are_those_of_the_network() -> None:
    student, pixels = tiny("vit_tiny_patch16_224"), torch.randn(2, 3, 64, 64)
    patches = patches_of(student.network)
    assert (patches.grid, patches.side, patches.count) == ((4, 4), 16, 16)
    expected = student.network.forward_features(pixels)[:, student.network.num_prefix_tokens :]
    order = torch.stack([torch.randperm(16) for _ in range(2)])
    found = encoded(student.network, pixels, order)
    assert torch.allclose(found, expected.gather(1, order[:, :, None].expand(-1, -1, 48)), atol=1e-5)


def test_what_is_hidden_is_not_seen() -> None:
    student, pixels = tiny("vit_tiny_patch16_224"), torch.randn(1, 3, 64, 64)
    kept, other = torch.tensor([[0, 5, 6]]), pixels.clone()
    other[:, :, 48:, 48:] = 9.0  # the sixteenth patch
    assert torch.equal(encoded(student.network, pixels, kept), encoded(student.network, other, kept))


def test_patches_by_hand() -> None:
    """A picture of 2 × 4 pixels in patches of 2: the left one holds 0, 1, 4, 5."""
    found = cut_up(torch.arange(8.0).view(1, 1, 2, 4), 2)
    assert torch.equal(found, torch.tensor([[[0.0, 1, 4, 5], [2, 3, 6, 7]]]))
    assert torch.allclose(standardised(torch.tensor([1.0, 3.0])), torch.tensor([-(0.5**0.5), 0.5**0.5]), atol=1e-5)


def test_the_loss_of_hidden_patches_by_hand() -> None:
    """A decoder that says nothing is off by the variance of standardised pixels, (P - 1) / P of P."""
    student, pixels = tiny("vit_tiny_patch16_224"), torch.randn(3, 3, 64, 64)
    lesson = MaskedPatches(patches_of(student.network), 3, 0.75)
    assert lesson.shown == 4
    with torch.no_grad():
        lesson.out[1].weight.zero_()
        lesson.out[1].bias.zero_()
    numbers = 3 * 16 * 16
    assert lesson(student, {"pixels": pixels}, torch.zeros(3, 0)).item() == pytest.approx(
        (numbers - 1) / numbers, abs=1e-5
    )
    plain = torch.ones(3, 3, 64, 64)  # of one colour: standardised it is nothing
    assert lesson(student, {"pixels": plain}, torch.zeros(3, 0)).item() == pytest.approx(0.0, abs=1e-6)


def test_every_place_has_its_own_waves() -> None:
    found = waves((2, 3), 8)
    assert found.shape == (6, 8)
    assert len({tuple(row) for row in found.tolist()}) == 6
    assert torch.equal(found[0], torch.tensor([0.0, 0, 1, 1, 0, 0, 1, 1]))


class Grey(nn.Module):
    """Stands for a network whose last map, of stride 2, is the mean of four pixels."""

    def features_and_maps(self, batch: dict[str, Tensor], names: list[str]) -> tuple[Tensor, dict[str, Tensor]]:
        found = nn.functional.avg_pool2d(batch["pixels"], 2)
        return found.mean(dim=(2, 3)), {names[0]: found}


def test_the_loss_of_hidden_cells_by_hand() -> None:
    """The picture is 3 everywhere; its left half is painted 1, and the decoder repeats what the map says: 2 too low.

    Where the picture is seen nothing counts, whatever is said of it.
    """
    lesson = MaskedCells(Map("grey", 1, 2), 1, 0.5)
    with torch.no_grad():
        lesson.colour.fill_(1.0)
        lesson.pixels[0].weight.fill_(1.0)
        lesson.pixels[0].bias.zero_()
    mask = torch.zeros(1, 1, 4, 4, dtype=torch.bool)
    mask[..., :2] = True
    assert lesson.told(Grey(), torch.full((1, 1, 4, 4), 3.0), mask).item() == pytest.approx(2.0)
    with torch.no_grad():
        lesson.pixels[0].bias.fill_(2.0)
    assert lesson.told(Grey(), torch.full((1, 1, 4, 4), 3.0), mask).item() == pytest.approx(0.0)


def test_the_same_share_of_every_crop_is_hidden_in_other_places() -> None:
    lesson = MaskedCells(Map("last", 8, 32), 3, 0.6)
    mask = lesson.mask(torch.zeros(16, 3, 224, 224))
    assert mask.shape == (16, 1, 224, 224)
    assert set(mask.float().mean(dim=(1, 2, 3)).mul(49).round().tolist()) == {29.0}
    assert len({tuple(each.flatten().tolist()) for each in mask[:, 0, ::32, ::32]}) == 16
    small = lesson.mask(torch.zeros(4, 3, 32, 32))  # one place of the map, yet not all or nothing
    assert set(small.float().mean(dim=(1, 2, 3)).mul(16).round().tolist()) == {10.0}


@pytest.mark.parametrize("name", ["resnet50", "mobilenetv2_100", "densenet121", "inception_v3", "convnext_tiny"])
def test_the_last_map_is_what_is_pooled(name: str) -> None:
    student = tiny(name).eval()
    found = last_map(student.network, 3)
    assert found.stride == 32
    features, maps = student.features_and_maps({"pixels": torch.randn(1, 3, 96, 96)}, [found.name])
    pooled = maps[found.name].mean(dim=(2, 3))
    assert found.channels == features.shape[1]
    if name != "convnext_tiny":  # which normalises what it has pooled
        assert torch.allclose(pooled.relu(), features.relu(), atol=1e-4)


def test_other_networks_are_refused_with_what_to_take() -> None:
    swin = tiny("swin_tiny_patch4_window7_224")
    with pytest.raises(UsageError, match=r"neither a plain vision transformer .* Take --method vicreg"):
        MaskedAutoencoding().lesson(swin, None)
    with pytest.raises(UsageError, match="hidden=1 must be more than 0 and less than 1"):
        MaskedAutoencoding(hidden=1.0).check()
    with pytest.raises(UsageError, match="smallest=0 must be"):
        MaskedAutoencoding(smallest=0.0).check()
