"""Stages of small hand-made networks whose right division is plain to see."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from headstart.backbones._use_order import watch
from headstart.backbones.images.stages import Opened, image_stages


def divide(
    network: nn.Module, shape: tuple[int, ...], closed: tuple[type[nn.Module], ...] = ()
) -> dict[str, list[str]]:
    order, _ = watch(network, lambda: network(torch.zeros(shape)))
    stages, entries = image_stages(network.eval(), order, closed, "n.")
    assert len(entries) == len(stages)
    return {stage.name: [*stage.parameters, *stage.buffers] for stage in stages}


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.norm = nn.LayerNorm(4)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.norm(self.linear(x))


class Registered(nn.Module):
    """Registers its parts in another order than it runs them, and holds a token and an unused mask itself."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4)
        self.late = nn.Parameter(torch.zeros(4))
        self.token = nn.Parameter(torch.zeros(1, 4))
        self.unused = nn.Parameter(torch.zeros(2))
        self.blocks = nn.Sequential(Block(), Block())
        self.stem = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x) + self.token
        return self.norm(self.blocks(x)) + self.late


def test_stages_follow_the_run_and_loose_tensors_their_first_use() -> None:
    stages = divide(Registered(), (1, 4))
    assert list(stages) == ["stem", "blocks.0", "blocks.1..norm"]
    assert set(stages["stem"]) == {"n.stem.weight", "n.stem.bias", "n.token", "n.unused"}
    assert {"n.norm.weight", "n.late"} <= set(stages["blocks.1..norm"])


def test_more_than_twenty_blocks_are_joined_smallest_first() -> None:
    small = [nn.Linear(2, 2) for _ in range(12)]
    large = [nn.Linear(2, 50), nn.Linear(50, 50), *[nn.Linear(50, 50) for _ in range(10)]]
    stages = divide(nn.Sequential(*small, *large), (1, 2))
    assert len(stages) == 20
    assert list(stages)[-11:] == [str(i) for i in range(13, 24)]
    assert "0..1" in stages


class Shared(nn.Module):
    """One layer serves in two places, so what lies between cannot be a stage of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.middle, self.last = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)
        self.again = self.first

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.again(self.middle(self.first(x))))


def test_a_layer_used_twice_joins_what_it_spans() -> None:
    stages = divide(Shared(), (1, 4))
    assert list(stages) == ["first..middle", "last"]
    assert len(stages["first..middle"]) == 4


def test_closed_types_stay_whole() -> None:
    class Closed(nn.Sequential):
        pass

    row = nn.Sequential(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)), Closed(nn.Linear(4, 4), nn.Linear(4, 4)))
    assert list(divide(row, (1, 4), (Closed,))) == ["0.0", "0.1", "1"]


class Between(Opened):
    """Computes between its parts, of which one has weights and the other is a norm."""

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self["norm"](self["row"]["0"](x) + x)
        return found


def test_what_says_so_is_opened_though_little_in_it_has_weights() -> None:
    parts = Between({"norm": nn.LayerNorm(4), "row": Opened({"0": Block()})})
    network = nn.Sequential(*[nn.Linear(4, 4) for _ in range(8)], parts, nn.Linear(4, 4))
    stages = divide(network, (1, 4), (Block,))
    assert list(stages)[8:] == ["8.row.0..8.norm", "9"]


def test_buffers_go_with_their_layer() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.Conv2d(2, 2, 1)).eval()
    stages = divide(network, (1, 1, 2, 2))
    assert list(stages) == ["0..1", "2"]
    assert {"n.1.running_mean", "n.1.running_var", "n.1.num_batches_tracked"} <= set(stages["0..1"])
