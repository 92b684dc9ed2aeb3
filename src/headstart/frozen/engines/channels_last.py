"""Plain PyTorch with folded batch normalisation and channels as the innermost dimension."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from headstart.core.precision import single_precision
from headstart.frozen.engines._copies import folded_copy
from headstart.frozen.engines.base import Engine, Tensors


class ChannelsLast(Engine):
    """For convolutional networks: nothing is compiled, so it is ready at once."""

    typical_preparation = 0.9
    outdone_by = frozenset({"bfloat16", "onednn", "onnx_runtime", "openvino", "openvino_bfloat16"})

    def available(self, device: torch.device) -> bool:
        return True

    def suits(self, module: nn.Module) -> bool:
        return any(isinstance(m, nn.Conv2d) for m in module.modules())

    def prepare(self, module: nn.Module, sample: Tensors, device: torch.device) -> None:
        self.module = folded_copy(module).to(device).to(memory_format=torch.channels_last)
        self.device = device

    @torch.inference_mode()
    def run(self, batch: Tensors) -> Tensors:
        outputs = self.forward({name: self._placed(tensor) for name, tensor in batch.items()})
        return {name: tensor.contiguous().cpu() for name, tensor in outputs.items()}

    def forward(self, batch: Tensors) -> Tensors:
        """Outputs of the prepared module for a batch laid out for it."""
        with single_precision():
            outputs: Tensors = self.module(batch)
        return outputs

    def _placed(self, tensor: Tensor) -> Tensor:
        format = torch.channels_last if tensor.dim() == 4 else torch.contiguous_format
        return tensor.to(self.device).contiguous(memory_format=format)
