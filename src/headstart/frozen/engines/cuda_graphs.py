"""A GPU at reduced precision, with its kernels recorded once and replayed."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from headstart.frozen.engines._copies import folded_copy
from headstart.frozen.engines._recorded import Recording
from headstart.frozen.engines.base import Engine, Tensors, Tolerance

MOST = 16
"""Shapes that are recorded, each with memory of its own; batches of further shapes run as they are."""

Shape = tuple[tuple[str, torch.Size], ...]


class CudaGraphs(Engine):
    """Half precision under autocast, batch normalisation folded, recorded as a CUDA graph for each shape of batch.

    Half precision keeps 11 bits: its tolerance is wider than that of engines that compute in single precision.
    Nothing is compiled. The time to prepare is an estimate: a copy, and a few runs.
    """

    typical_preparation = 1.0
    tolerance = Tolerance(largest=2e-2, cosine=0.999)
    reduced = True

    def available(self, device: torch.device) -> bool:
        return device.type == "cuda"

    def prepare(self, module: nn.Module, sample: Tensors, device: torch.device) -> None:
        self.module = folded_copy(module).to(device).to(memory_format=torch.channels_last)
        self.device = device
        self.recordings: dict[Shape, Recording] = {}
        self.run(sample)

    @torch.inference_mode()
    def run(self, batch: Tensors) -> Tensors:
        shape = tuple((name, tensor.shape) for name, tensor in batch.items())
        placed = {name: tensor.to(self.device) for name, tensor in batch.items()}
        if shape not in self.recordings and len(self.recordings) < MOST:
            self.recordings[shape] = Recording(self._forward, placed)
        outputs = self.recordings.get(shape, self._forward)(placed)
        return {name: tensor.to("cpu", copy=True) for name, tensor in outputs.items()}

    def _forward(self, batch: Tensors) -> Tensors:
        # A cache of weights cast before would lie outside the memory of the recording.
        with torch.autocast(self.device.type, dtype=torch.float16, cache_enabled=False):
            outputs = self.module(batch)
        return {name: _single(tensor) for name, tensor in outputs.items()}


def _single(tensor: Tensor) -> Tensor:
    """Floats in single precision and in order, whole numbers as they are."""
    return tensor.float().contiguous() if tensor.is_floating_point() else tensor
