"""Process: what this machine can do at its best, and what the network asks of it for one picture."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from headstart.backbones import load
from headstart.frozen.frontier import AtDepths
from lines._child import Decoder, serve

SIDE = 1024
"""Of the square matrices whose product shows the arithmetic peak: they fit into the caches, and are large enough."""

COPIED = 2**26
"""Numbers copied to show the bandwidth, 256 MiB: no cache holds them."""

TRIES = 20
"""The best of so many counts: what slows one down is other work on the machine."""


def loop(job: dict[str, Any]) -> dict[str, Any]:
    """Operations a second and bytes a second at best; operations and bytes of one picture of a batch of 8."""
    one, other, product = torch.rand(SIDE, SIDE), torch.rand(SIDE, SIDE), torch.empty(SIDE, SIDE)
    source, target = torch.rand(COPIED), torch.empty(COPIED)
    backbone = load(job["backbone"])
    batch = next(Decoder(backbone).batches(job["pictures"][:8], 8))
    module = AtDepths(backbone).eval()
    with torch.inference_mode():
        operations, moved = _asked(module, batch)
        return {
            "operations_a_second": 2 * SIDE**3 / _best(lambda: torch.mm(one, other, out=product)),
            "bytes_a_second": 2 * 4 * COPIED / _best(lambda: target.copy_(source)),
            "operations": operations / 8,
            "bytes": moved / 8,
        }


def _best(work: Callable[[], Any]) -> float:
    """CPU seconds of the quickest of some tries."""
    seconds = []
    for _ in range(TRIES):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return min(seconds)


def _asked(module: nn.Module, batch: dict[str, Tensor]) -> tuple[int, int]:
    """Operations of one run, and bytes that its convolutions and products read and write: all else can be fused."""
    moved = 0

    def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal moved
        weights = sum(p.numel() * p.element_size() for p in layer.parameters())
        moved += weights + sum(t.numel() * t.element_size() for t in (*inputs, output))

    hooks = [
        layer.register_forward_hook(count) for layer in module.modules() if isinstance(layer, nn.Conv2d | nn.Linear)
    ]
    with FlopCounterMode(display=False) as counter:
        module(batch)
    for hook in hooks:
        hook.remove()
    return counter.get_total_flops(), moved


if __name__ == "__main__":
    serve(loop)
