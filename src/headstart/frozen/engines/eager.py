"""Plain PyTorch: the reference that every other engine is held against."""

from __future__ import annotations

import torch
from torch import nn

from headstart.core.precision import single_precision
from headstart.frozen.engines.base import Engine, Tensors


class Eager(Engine):
    """Runs the module as it is."""

    def available(self, device: torch.device) -> bool:
        return True

    def prepare(self, module: nn.Module, sample: Tensors, device: torch.device) -> None:
        self.module, self.device = module.to(device).eval(), device

    @torch.inference_mode()
    def run(self, batch: Tensors) -> Tensors:
        with single_precision():
            outputs = self.module({name: tensor.to(self.device) for name, tensor in batch.items()})
        return {name: tensor.cpu() for name, tensor in outputs.items()}
