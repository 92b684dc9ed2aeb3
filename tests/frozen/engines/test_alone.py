"""What is wide between narrow ends takes pictures one by one, and gives what it gave of all together."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from headstart.frozen.engines import _alone
from headstart.frozen.engines._alone import Alone, take_alone, wide_middles

PIXELS = torch.randn(3, 4, 16, 16, generator=torch.Generator().manual_seed(0))
SAMPLE = {"pixels": PIXELS}


class Inverted(nn.Module):
    """An inverted residual: from `ends` channels to `middle` and back."""

    def __init__(self, ends: int, middle: int) -> None:
        super().__init__()
        self.expand, self.narrow = nn.Conv2d(ends, middle, 1), nn.Conv2d(middle, ends, 1)

    def forward(self, pixels: Tensor) -> Tensor:
        return pixels + self.narrow(self.expand(pixels).relu())


class Network(nn.Module):
    """Reads a batch by name and runs what it is given, in turn."""

    def __init__(self, *blocks: nn.Module) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*blocks)

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"last": self.blocks(batch["pixels"]).mean((2, 3))}


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    """A wide block, one too narrow between its ends, and one whose map is too small; 32 channels are wide enough."""
    monkeypatch.setattr(_alone, "WIDE", 32 * 16 * 16 * 4)
    return Network(Inverted(4, 32), Inverted(4, 7), nn.MaxPool2d(2), Inverted(4, 32)).eval()


def test_only_the_wide_block_is_found(network: Network) -> None:
    assert wide_middles(network, SAMPLE) == ["blocks.0"]


def test_the_innermost_is_taken_and_once(network: Network) -> None:
    network.blocks = nn.Sequential(nn.Sequential(network.blocks[0]), network.blocks[1])
    assert wide_middles(network, SAMPLE) == ["blocks.0.0"]


def test_many_weights_stay_together(network: Network) -> None:
    network.blocks[0].expand = nn.Conv2d(4, 32, 15, padding=7)
    assert wide_middles(network, SAMPLE) == []


def test_what_is_called_twice_stays_as_it_is(network: Network) -> None:
    class Twice(Network):
        def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
            return {"last": self.blocks[0](self.blocks[0](batch["pixels"]))}

    assert wide_middles(Twice(network.blocks[0]), SAMPLE) == []


@torch.inference_mode()
def test_alone_is_the_same_function(network: Network) -> None:
    before = network(SAMPLE)["last"]
    calls: list[int] = []
    network.blocks[0].register_forward_hook(lambda _, given, __: calls.append(len(given[0])))
    take_alone(network, ["blocks.0"])
    assert isinstance(network.blocks[0], Alone)
    torch.testing.assert_close(network(SAMPLE)["last"], before, atol=1e-6, rtol=1e-6)
    assert calls == [1, 1, 1]


@torch.inference_mode()
def test_channels_stay_innermost(network: Network) -> None:
    given = Alone(network.blocks[0])(PIXELS.to(memory_format=torch.channels_last))
    assert given.is_contiguous(memory_format=torch.channels_last)
