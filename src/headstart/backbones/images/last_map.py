"""The last map of an image network: what it pools into its features."""

from __future__ import annotations

import contextlib
import math
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from headstart.backbones.images.maps import TRIED, hooked
from headstart.core.maps import Map

LIKE = 0.5
"""By how many octaves the strides down and across may differ: convolutions without padding lose places at the rim."""


@torch.no_grad()
def last_map(network: nn.Module, channels: int) -> Map | None:
    """The output (N, C, h, w) of the module that is the last to give one, with places.

    None where the network takes pictures of one size alone, as vision transformers do, or gives no such map.
    """
    found: list[Map] = []

    def note(name: str, output: Any) -> None:
        if isinstance(output, Tensor) and (stride := _stride(tuple(output.shape))):
            found.append(Map(name, output.shape[1], stride))

    device = next((parameter.device for parameter in network.parameters()), None)
    with contextlib.ExitStack() as hooks:
        for name, module in network.named_modules():
            if name:
                hooks.enter_context(hooked(module, partial(note, name)))
        try:
            network(torch.zeros(1, channels, *TRIED, device=device))
        except (RuntimeError, AssertionError, ValueError):
            return None
    return found[-1] if found else None


def _stride(shape: tuple[int, ...]) -> int | None:
    """The power of two nearest to the stride of a map of the tried picture; None where it is none."""
    if len(shape) != 4 or min(shape[2:]) < 2:
        return None
    down, across = (math.log2(whole / side) for whole, side in zip(TRIED, shape[2:], strict=True))
    return int(2 ** round(across)) if abs(down - across) <= LIKE and across > LIKE else None
