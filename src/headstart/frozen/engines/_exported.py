"""A frozen part as an ONNX graph in memory, for inference libraries that read one."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from headstart.frozen.engines._copies import folded_copy
from headstart.frozen.engines._quiet import quiet
from headstart.frozen.engines._shapes import has_length, two_examples
from headstart.frozen.engines.base import Tensors, shared

OPSET = 17
"""The newest operator set that the tracing exporter writes without conversion."""


def can_export(library: str) -> bool:
    """Whether `library`, and what PyTorch needs to write a graph for it, are installed."""
    return all(importlib.util.find_spec(name) for name in ("onnx", library))


def exported(module: nn.Module, sample: Tensors) -> Exported:
    """The graph of `module`; engines that are tried one after the other share it."""
    return shared(("onnx", id(module)), lambda: Exported(module, sample))


class Exported:
    """The ONNX bytes of a module; ``outputs`` names, in order, what comes out.

    The module is traced on two examples of `sample`; their number is left open, and so is the second dimension of
    matrices of whole numbers (token ids), whose length differs from batch to batch.
    """

    def __init__(self, module: nn.Module, sample: Tensors) -> None:
        self.inputs = list(sample)
        flat = Flat(folded_copy(module).cpu(), self.inputs)
        traced = {name: tensor.cpu() for name, tensor in two_examples(sample).items()}
        with torch.inference_mode():
            self.outputs = list(flat.module(traced))
        open_sizes = {name: {0: "examples"} for name in [*self.inputs, *self._named_outputs]}
        for name, tensor in sample.items():
            if has_length(tensor):
                open_sizes[name][1] = "length"
        with quiet("torch.onnx"), torch.no_grad(), tempfile.TemporaryDirectory(prefix="headstart-") as folder:
            file = Path(folder) / "frozen.onnx"
            torch.onnx.export(
                flat,
                tuple(traced.values()),
                file,
                input_names=self.inputs,
                output_names=self._named_outputs,
                dynamic_axes=open_sizes,
                opset_version=OPSET,
                dynamo=False,  # tracing takes a second where the newer exporter takes twenty
            )
            self.bytes = file.read_bytes()

    @property
    def _named_outputs(self) -> list[str]:
        """Names of the graph's outputs, which must differ from those of its inputs."""
        return [f"out{i}" for i in range(len(self.outputs))]


class Flat(nn.Module):
    """Takes and gives tensors in order instead of by name."""

    def __init__(self, module: nn.Module, inputs: Sequence[str]) -> None:
        super().__init__()
        self.module, self.inputs = module, list(inputs)

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """Outputs in the module's order."""
        return tuple(self.module(dict(zip(self.inputs, tensors, strict=True))).values())
