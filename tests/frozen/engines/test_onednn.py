"""Convolutions take along exactly the activations that alone read them, and every network stays the same function."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from headstart.frozen.engines._copies import folded_copy
from headstart.frozen.engines._fused import FUSIONS, FusedConvolution, can_fuse, fuse
from headstart.frozen.engines.onednn import Onednn

pytestmark = pytest.mark.skipif(not can_fuse(), reason="this PyTorch was built without oneDNN's kernels")

PIXELS = torch.randn(2, 3, 12, 10, generator=torch.Generator().manual_seed(0)).to(memory_format=torch.channels_last)


class Timmlike(nn.BatchNorm2d):
    """A normalisation that holds the activation behind it, as timm's does."""

    def __init__(self, channels: int, act: nn.Module) -> None:
        super().__init__(channels)
        self.drop, self.act = nn.Identity(), act

    def forward(self, pixels: Tensor) -> Tensor:
        return self.act(self.drop(super().forward(pixels)))


class Twice(nn.Module):
    """Reads a convolution before and behind its activation."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.act = nn.Conv2d(3, 4, 3), nn.ReLU()

    def forward(self, pixels: Tensor) -> Tensor:
        found = self.conv(pixels)
        return self.act(found) + found


class Shared(nn.Module):
    """Uses one activation for two convolutions, as torchvision's residual blocks do."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.act = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 1), nn.ReLU()

    def forward(self, pixels: Tensor) -> Tensor:
        return self.act(self.second(self.act(self.first(pixels))))


class Padding(nn.Module):
    """Pads by what its convolution says of itself, as TensorFlow does and transformers' MobileNets."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=2, dilation=2)

    def forward(self, pixels: Tensor) -> Tensor:
        wide = [(kernel - 1) * apart for kernel, apart in zip(self.conv.kernel_size, self.conv.dilation, strict=True)]
        odd = self.conv.stride[0] - 1
        return self.conv(nn.functional.pad(pixels, (wide[1] // 2, wide[1] // 2 + odd, wide[0] // 2, wide[0] // 2)))


def fused_copy(module: nn.Module) -> nn.Module:
    """As the engine makes it."""
    copied = folded_copy(module)
    fuse(copied)
    return copied


def fused_in(module: nn.Module) -> list[str]:
    """What its convolutions take along, in order."""
    return [one.fusion[0] for one in module.modules() if isinstance(one, FusedConvolution)]


def learnt(module: nn.Module) -> nn.Module:
    """With statistics that are not those of a new normalisation."""
    for norm in (m for m in module.modules() if isinstance(m, nn.BatchNorm2d)):
        norm.running_mean.uniform_(-1, 1)
        norm.running_var.uniform_(0.5, 2)
    return module.eval().requires_grad_(False)


@pytest.mark.parametrize("kind", list(FUSIONS))
def test_every_activation_is_the_same_function(kind: type[nn.Module]) -> None:
    network = learnt(nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), kind(), nn.Conv2d(6, 2, 1)))
    fused = fused_copy(network)
    assert fused_in(fused)[0] != "none"
    assert fused_in(fused)[1] == "none"
    with torch.inference_mode():
        torch.testing.assert_close(fused(PIXELS), network(PIXELS), atol=1e-5, rtol=1e-5)


def test_a_normalisation_that_holds_its_activation_is_folded_and_taken_along() -> None:
    network = learnt(nn.Sequential(nn.Conv2d(3, 6, 3, bias=False), Timmlike(6, nn.ReLU6())))
    assert not any(isinstance(m, nn.BatchNorm2d) for m in folded_copy(network).modules())
    fused = fused_copy(network)
    assert fused_in(fused) == ["hardtanh"]
    with torch.inference_mode():
        torch.testing.assert_close(fused(PIXELS), network(PIXELS), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("network", [Twice(), Shared()])
def test_what_others_read_too_is_not_taken_along(network: nn.Module) -> None:
    fused = fused_copy(learnt(network))
    assert set(fused_in(fused)) == {"none"}
    with torch.inference_mode():
        torch.testing.assert_close(fused(PIXELS), network(PIXELS), atol=1e-5, rtol=1e-5)


def test_a_network_may_ask_a_convolution_for_its_form() -> None:
    network = learnt(Padding())
    fused = fused_copy(network)
    assert fused_in(fused) == ["none"]
    with torch.inference_mode():
        torch.testing.assert_close(fused(PIXELS), network(PIXELS), atol=1e-5, rtol=1e-5)


def test_convolutions_of_other_kinds_stay_as_they_are() -> None:
    others = nn.Conv2d(3, 4, 3, padding_mode="reflect", padding=1), nn.Conv2d(4, 4, 3, padding="same")
    assert fused_in(fused_copy(learnt(nn.Sequential(*others)))) == []


def test_the_module_stays_and_any_batch_can_follow() -> None:
    network = learnt(nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Conv2d(6, 4, 3, groups=2, stride=2)))
    before = copy.deepcopy(network.state_dict())

    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
            return {"last": self.network(batch["pixels"])}

    engine = Onednn()
    engine.prepare(Named(), {"pixels": PIXELS}, torch.device("cpu"))
    for batch in (PIXELS, PIXELS[:1], torch.cat([PIXELS] * 3), PIXELS[:, :, :9, :9]):
        given = engine.run({"pixels": batch})["last"]
        assert given.is_contiguous()
        torch.testing.assert_close(given, network(batch), atol=1e-5, rtol=1e-5)
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
