"""A computation on a GPU recorded once and replayed: launching its kernels one by one takes longer than they run."""

from __future__ import annotations

from collections.abc import Callable

import torch

from headstart.frozen.engines.base import Tensors

Forward = Callable[[Tensors], Tensors]
WARM_UP = 3
"""Runs before recording, in which libraries choose their kernels and allocate what they need."""


class Recording:
    """`forward` for batches of one shape.

    A replay reads and writes the same memory each time: what goes in is copied there, and what comes out is to be
    copied away before the next run.
    """

    def __init__(self, forward: Forward, batch: Tensors) -> None:
        self._given = {name: tensor.clone() for name, tensor in batch.items()}
        self._replay, self._outputs = record(forward, self._given)

    def __call__(self, batch: Tensors) -> Tensors:
        """Outputs for `batch`, which the next call writes over."""
        for name, tensor in batch.items():
            self._given[name].copy_(tensor, non_blocking=True)
        self._replay()
        return self._outputs


def record(forward: Forward, given: Tensors) -> tuple[Callable[[], None], Tensors]:
    """What replays ``forward(given)`` on the memory of `given`, and where it leaves the outputs."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UP):
            forward(given)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        outputs = forward(given)
    return graph.replay, outputs
