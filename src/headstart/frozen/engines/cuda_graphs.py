"""A GPU at reduced precision, with its kernels recorded once and replayed."""

from __future__ import annotations

import torch
from torch import nn

from headstart.core.precision import as_single
from headstart.frozen.engines._recorded import RecordedEngine
from headstart.frozen.engines.base import HALF_PRECISION, Tensors


class CudaGraphs(RecordedEngine):
    """Half precision under autocast, batch normalisation folded, recorded as CUDA graphs.

    Nothing is compiled. The time to prepare is an estimate: a copy, and a few runs.
    """

    tolerance = HALF_PRECISION
    reduced = True

    def laid_out(self, module: nn.Module) -> nn.Module:
        return module.to(memory_format=torch.channels_last)

    def forward(self, batch: Tensors) -> Tensors:
        # A cache of weights cast before would lie outside the memory of the recording.
        with torch.autocast(self.device.type, dtype=torch.float16, cache_enabled=False):
            outputs = self.module(batch)
        return {name: as_single(tensor) for name, tensor in outputs.items()}
