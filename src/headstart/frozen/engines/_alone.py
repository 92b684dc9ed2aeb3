"""Inverted bottlenecks one picture at a time, so that what lies between their narrow ends stays in the cache."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from headstart.frozen.engines.base import Tensors

WIDE = 2**20
"""Bytes of one picture's activations from which a batch of them leaves the cache that a core has to itself."""


class Alone(nn.Module):
    """A module that takes the examples of a batch one by one, (N, C, h, w) → (N, K, h', w')."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, pixels: Tensor) -> Tensor:
        """What the block gives of each, together again."""
        return torch.cat([self.block(one) for one in pixels.split(1)])


def take_alone(module: nn.Module, names: list[str]) -> None:
    """Let the modules of these names take each example by itself."""
    for name in names:
        module.set_submodule(name, Alone(module.get_submodule(name)))


def wide_middles(module: nn.Module, sample: Tensors) -> list[str]:
    """Names of the innermost modules within that are narrow at both ends, wide between, and have few weights.

    Wide is at least `WIDE` bytes an example and twice as wide as either end (the inverted residuals of Sandler et al.
    2018, arXiv:1801.04381, at high resolution). Weights are read again for each example, so they may be a quarter of
    that at most.
    """
    seen = _sizes(module, {name: tensor[:1] for name, tensor in sample.items()})
    found: list[str] = []
    for name, one in reversed(list(module.named_modules())):
        inside = [size for other, sizes in seen.items() if other.startswith(f"{name}.") for _, size in sizes]
        if len(seen.get(name, ())) != 1 or not inside or any(other.startswith(f"{name}.") for other in found):
            continue
        middle, ends = max(inside), max(seen[name][0])
        if middle >= max(WIDE, 2 * ends) and 4 * sum(p.nbytes for p in one.parameters()) <= middle:
            found.append(name)
    return found


@torch.inference_mode()
def _sizes(module: nn.Module, sample: Tensors) -> dict[str, list[tuple[int, int]]]:
    """Bytes in and out, by name, of every call that takes one map and gives one."""
    seen: dict[str, list[tuple[int, int]]] = {}

    def note(name: str, _: nn.Module, given: tuple[object, ...], output: object) -> None:
        if len(given) == 1 and all(isinstance(each, Tensor) and each.dim() == 4 for each in (given[0], output)):
            seen.setdefault(name, []).append((given[0].nbytes, output.nbytes))  # type: ignore[attr-defined]

    handles = [one.register_forward_hook(partial(note, name)) for name, one in module.named_modules() if name]
    try:
        module(sample)
    finally:
        for handle in handles:
            handle.remove()
    return seen
