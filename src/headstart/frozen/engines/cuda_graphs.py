"""A GPU at reduced precision, with its kernels recorded once and replayed."""

from __future__ import annotations

import importlib.util

import torch
from torch import nn

from headstart.frozen.engines._copies import folded_copy
from headstart.frozen.engines.base import Engine, Tensors, Tolerance


class CudaGraphs(Engine):
    """Half precision under autocast, compiled with CUDA graphs (``mode="reduce-overhead"``).

    Half precision keeps 11 bits: its tolerance is wider than that of engines that compute in single precision.
    """

    typical_preparation = 40.0
    tolerance = Tolerance(largest=2e-2, cosine=0.999)

    def available(self, device: torch.device) -> bool:
        return device.type == "cuda" and importlib.util.find_spec("triton") is not None

    def prepare(self, module: nn.Module, sample: Tensors, device: torch.device) -> None:
        copied = folded_copy(module).to(device).to(memory_format=torch.channels_last)
        self.device = device
        self.module = torch.compile(copied, mode="reduce-overhead")
        for _ in range(3):  # the first runs compile and record
            self.run(sample)

    @torch.inference_mode()
    def run(self, batch: Tensors) -> Tensors:
        placed = {name: tensor.to(self.device, non_blocking=True) for name, tensor in batch.items()}
        with torch.autocast(self.device.type, dtype=torch.float16):
            torch.compiler.cudagraph_mark_step_begin()
            outputs = self.module(placed)
        return {name: _single(tensor).cpu() for name, tensor in outputs.items()}


def _single(tensor: torch.Tensor) -> torch.Tensor:
    """Floats in single precision, whole numbers as they are."""
    return tensor.float() if tensor.is_floating_point() else tensor
