"""Heads of pretrained detectors: whether they learn, and their loss is linear in the weights of pictures."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from headstart.model.network import Network
from headstart.tasks.detection import Detection


def in_training(module: nn.Module) -> nn.Module:
    """In training mode, but for normalisation."""
    module.train()
    for each in module.modules():
        if isinstance(each, nn.BatchNorm2d):
            each.eval()
    return module


def maps_of_noise(network: Network, pixels: Tensor, count: int = 3) -> dict[str, Tensor]:
    """As many pictures' maps of the sizes that the head reads."""
    with torch.no_grad():
        given = network.backbone.maps({"pixels": pixels}, [each.name for each in network.head.maps])
    generator = torch.Generator().manual_seed(0)
    return {name: torch.randn(count, *one.shape[1:], generator=generator) for name, one in given.items()}


def assert_linear_in_weights(own: Detection, raw: Tensor, encoded: Tensor) -> None:
    """The loss of raw outputs is linear in the weights of their three pictures."""
    a, b = torch.rand(2, 3, generator=torch.Generator().manual_seed(1))
    apart = 2 * own.loss(raw, encoded, a) + 3 * own.loss(raw, encoded, b)
    assert torch.allclose(own.loss(raw, encoded, 2 * a + 3 * b), apart)


def learnt(
    own: Detection, head: nn.Module, maps: dict[str, Tensor], encoded: Tensor, rate: float, steps: int, until: float
) -> float:
    """The share of the first loss that is left after so many steps, or as soon as three in a row left less than
    `until`."""
    optimizer = torch.optim.AdamW(head.parameters(), rate)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = own.loss(head(maps), encoded)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if max(losses[-3:]) < until * losses[0]:
            break
    return losses[-1] / losses[0]
