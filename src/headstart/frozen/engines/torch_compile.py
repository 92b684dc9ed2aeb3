"""``torch.compile`` with the weights as constants."""

from __future__ import annotations

import importlib.util
import shutil

import torch
from torch import nn

from headstart.core.precision import single_precision
from headstart.frozen.engines._copies import folded_copy
from headstart.frozen.engines._exported import Flat
from headstart.frozen.engines._quiet import quiet
from headstart.frozen.engines._shapes import has_length, two_examples
from headstart.frozen.engines.base import Engine, Tensors


class TorchCompile(Engine):
    """Compiles the folded frozen part by Inductor, which writes C++ on a CPU and Triton on a GPU.

    It is compiled once, for any length and number of examples (beyond some size once more). A single example runs
    twice, since the compiler takes a size of 1 for a constant. Preparing MobileNetV2 takes 30 s of CPU time.
    """

    typical_preparation = 20.0
    outdone_by = frozenset({"onnx_runtime", "openvino", "openvino_bfloat16"})

    def available(self, device: torch.device) -> bool:
        if device.type == "cpu":
            return any(shutil.which(compiler) for compiler in ("g++", "clang++", "cl"))
        return device.type == "cuda" and importlib.util.find_spec("triton") is not None

    def prepare(self, module: nn.Module, sample: Tensors, device: torch.device) -> None:
        copied = folded_copy(module).to(device).to(memory_format=torch.channels_last)
        placed = {name: tensor.to(device) for name, tensor in two_examples(sample).items()}
        with torch.no_grad():
            self.outputs = list(copied(placed))
            sizes = (tuple(dict.fromkeys(range(t.dim()), torch.export.Dim.AUTO) for t in placed.values()),)
            # Exporting first takes the hooks by which depth features are read out of the compiler's way.
            program = torch.export.export(Flat(copied, list(sample)), tuple(placed.values()), dynamic_shapes=sizes)
        self.device = device
        self.module = torch.compile(program.module(), options={"freezing": True})
        with quiet("torch.utils.cpp_extension"):
            self.run(sample)

    @torch.no_grad()  # Inductor takes weights for constants only outside inference mode
    def run(self, batch: Tensors) -> Tensors:
        count = len(next(iter(batch.values())))
        placed = [tensor.to(self.device) for tensor in (two_examples(batch) if count == 1 else batch).values()]
        for tensor in placed:
            torch._dynamo.maybe_mark_dynamic(tensor, [0, 1] if has_length(tensor) else 0)
        with single_precision():
            values = self.module(*placed)
        return {name: value[:count].contiguous().cpu() for name, value in zip(self.outputs, values, strict=True)}
