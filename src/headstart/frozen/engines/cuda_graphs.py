"""A GPU at reduced precision, with its kernels recorded once and replayed."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from headstart.frozen.engines._recorded import RecordedEngine
from headstart.frozen.engines.base import Tensors, Tolerance


class CudaGraphs(RecordedEngine):
    """Half precision under autocast, batch normalisation folded, recorded as CUDA graphs.

    Half precision keeps 11 bits: its tolerance is wider than that of engines that compute in single precision.
    Nothing is compiled. The time to prepare is an estimate: a copy, and a few runs.
    """

    tolerance = Tolerance(largest=2e-2, cosine=0.999)
    reduced = True

    def laid_out(self, module: nn.Module) -> nn.Module:
        return module.to(memory_format=torch.channels_last)

    def forward(self, batch: Tensors) -> Tensors:
        # A cache of weights cast before would lie outside the memory of the recording.
        with torch.autocast(self.device.type, dtype=torch.float16, cache_enabled=False):
            outputs = self.module(batch)
        return {name: _single(tensor) for name, tensor in outputs.items()}


def _single(tensor: Tensor) -> Tensor:
    """Floats in single precision and in order, whole numbers as they are."""
    return tensor.float().contiguous() if tensor.is_floating_point() else tensor
