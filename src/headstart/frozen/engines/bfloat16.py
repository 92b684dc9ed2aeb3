"""PyTorch in bfloat16, on a processor that multiplies such numbers."""

from __future__ import annotations

import torch
from torch import nn

from headstart.core.precision import as_single, multiplies_bfloat16
from headstart.frozen.engines.base import BFLOAT16, Tensors
from headstart.frozen.engines.channels_last import ChannelsLast

_MULTIPLYING = (nn.Conv2d, nn.Linear)


class Bfloat16(ChannelsLast):
    """Convolutions and products of matrices under autocast, batch normalisation folded; nothing is compiled."""

    outdone_by = frozenset()
    tolerance = BFLOAT16
    reduced = True

    def available(self, device: torch.device) -> bool:
        return device.type == "cpu" and multiplies_bfloat16()

    def suits(self, module: nn.Module) -> bool:
        return any(isinstance(m, _MULTIPLYING) for m in module.modules())

    def prepare(self, module: nn.Module, sample: Tensors, device: torch.device) -> None:
        super().prepare(module, sample, device)
        for multiplying in self.module.modules():
            if isinstance(multiplying, _MULTIPLYING):  # autocast would cast their weights for every batch
                multiplying.to(torch.bfloat16)

    def forward(self, batch: Tensors) -> Tensors:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            outputs = self.module(batch)
        return {name: as_single(tensor) for name, tensor in outputs.items()}
