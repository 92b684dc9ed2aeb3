"""Plain PyTorch with convolutions that take the activation behind them along, on a CPU."""

from __future__ import annotations

import torch
from torch import nn

from headstart.frozen.engines._alone import take_alone, wide_middles
from headstart.frozen.engines._copies import folded_copy
from headstart.frozen.engines._fused import can_fuse, fuse
from headstart.frozen.engines.base import Tensors
from headstart.frozen.engines.channels_last import ChannelsLast


class Onednn(ChannelsLast):
    """For convolutional networks: PyTorch's own kernels of oneDNN, called layer by layer; nothing is compiled.

    What is widest runs one picture at a time.
    """

    typical_preparation = 1.0
    outdone_by = frozenset({"onnx_runtime", "openvino", "openvino_bfloat16"})

    def available(self, device: torch.device) -> bool:
        return device.type == "cpu" and can_fuse()

    def prepare(self, module: nn.Module, sample: Tensors, device: torch.device) -> None:
        self.module = folded_copy(module).to(memory_format=torch.channels_last)
        self.device = device
        wide = wide_middles(self.module, sample)
        fuse(self.module)
        take_alone(self.module, wide)
        self.run(sample)
