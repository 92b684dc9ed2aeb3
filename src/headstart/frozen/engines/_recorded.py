"""A computation on a GPU recorded once and replayed: launching its kernels one by one takes longer than they run."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

import torch
from torch import nn

from headstart.frozen.engines._copies import folded_copy
from headstart.frozen.engines.base import Engine, Tensors

Forward = Callable[[Tensors], Tensors]
WARM_UP = 3
"""Runs before recording, in which libraries choose their kernels and allocate what they need."""

MOST = 16
"""Shapes that are recorded, each with memory of its own; batches of further shapes run as they are."""

Form = tuple[tuple[str, torch.Size], ...]
"""The names and shapes of a batch's tensors, without the number of examples."""


class RecordedEngine(Engine):
    """A folded frozen part, recorded for each form of batch.

    A batch that is no larger than one recorded takes its place there: a recording takes seconds, in which libraries
    plan each layer for the new shape, and the rows left over next to no time.
    """

    typical_preparation = 1.0
    planned_by_size = True

    def available(self, device: torch.device) -> bool:
        return device.type == "cuda"

    def prepare(self, module: nn.Module, sample: Tensors, device: torch.device) -> None:
        self.module, self.device = self.laid_out(folded_copy(module).to(device)), device
        self.recordings: dict[tuple[Form, int], Recording] = {}
        self.run(sample)

    def laid_out(self, module: nn.Module) -> nn.Module:
        """The copy with its weights as they are to lie in memory."""
        return module

    @abstractmethod
    def forward(self, batch: Tensors) -> Tensors:
        """Outputs of the copy for a batch on the device, floats in single precision and in order."""

    @torch.inference_mode()
    def run(self, batch: Tensors) -> Tensors:
        count = len(next(iter(batch.values())))
        form = tuple((name, tensor.shape[1:]) for name, tensor in batch.items())
        size = min((size for known, size in self.recordings if known == form and size >= count), default=count)
        if (form, size) not in self.recordings and len(self.recordings) < MOST:
            self.recordings[form, size] = Recording(self.forward, self._placed(batch))
        if recording := self.recordings.get((form, size)):
            outputs = recording(batch)
        else:
            outputs = self.forward(self._placed(batch))
        return {name: tensor[:count].to("cpu", copy=True) for name, tensor in outputs.items()}

    def _placed(self, batch: Tensors) -> Tensors:
        return {name: tensor.to(self.device) for name, tensor in batch.items()}


class Recording:
    """`forward` for batches of the shape of `batch`, and for smaller ones.

    A replay reads and writes the same memory each time: what goes in is copied there, before what an earlier batch
    left, and what comes out is to be copied away before the next run.
    """

    def __init__(self, forward: Forward, batch: Tensors) -> None:
        self._given = {name: tensor.clone() for name, tensor in batch.items()}
        self._replay, self._outputs = record(forward, self._given)

    def __call__(self, batch: Tensors) -> Tensors:
        """Outputs whose first rows are those for `batch`, which the next call writes over."""
        for name, tensor in batch.items():
            self._given[name][: len(tensor)].copy_(tensor, non_blocking=True)
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
