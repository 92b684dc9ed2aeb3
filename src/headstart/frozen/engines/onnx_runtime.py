"""ONNX Runtime, on a CPU."""

from __future__ import annotations

import torch
from torch import nn

from headstart.core.optional import require
from headstart.frozen.engines._exported import can_export, exported
from headstart.frozen.engines.base import Engine, Tensors


class OnnxRuntime(Engine):
    """Exports the frozen part to ONNX in memory and lets ONNX Runtime optimise and run it in single precision."""

    typical_preparation = 1.2
    outdone_by = frozenset({"openvino_bfloat16"})

    def available(self, device: torch.device) -> bool:
        return device.type == "cpu" and can_export("onnxruntime")

    def prepare(self, module: nn.Module, sample: Tensors, device: torch.device) -> None:
        onnxruntime = require("onnxruntime", "engines", "the engine onnx_runtime")
        graph = exported(module, sample)
        self.given = graph.outputs
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what fails is raised, and said by whoever goes on without it
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # leave idle cores to decoding
        self.session = onnxruntime.InferenceSession(graph.bytes, options, providers=["CPUExecutionProvider"])
        self.taken = {given.name for given in self.session.get_inputs()}

    def run(self, batch: Tensors) -> Tensors:
        given = {name: tensor.numpy() for name, tensor in batch.items() if name in self.taken}
        arrays = self.session.run(None, given)
        return {name: torch.from_numpy(array) for name, array in zip(self.given, arrays, strict=True)}
