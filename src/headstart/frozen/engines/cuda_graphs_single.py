"""A GPU at single precision, with its kernels recorded once and replayed."""

from __future__ import annotations

from headstart.core.precision import single_precision
from headstart.frozen.engines._recorded import RecordedEngine
from headstart.frozen.engines.base import Tensors


class CudaGraphsSingle(RecordedEngine):
    """As exact as plain PyTorch, for what must be: a finished model's predictions, where each comes alone and a GPU
    waits for the next kernel most of the time."""

    outdone_by = frozenset({"cuda_graphs"})

    def forward(self, batch: Tensors) -> Tensors:
        with single_precision():
            outputs = self.module(batch)
        return {name: tensor.contiguous() for name, tensor in outputs.items()}
