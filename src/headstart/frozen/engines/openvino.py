"""OpenVINO, on a CPU."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import nn

from headstart.core.optional import require
from headstart.frozen.engines._exported import can_export, exported
from headstart.frozen.engines.base import Engine, Tensors


class Openvino(Engine):
    """Exports the frozen part to ONNX in memory and lets OpenVINO compile it, in single precision."""

    typical_preparation = 1.2
    outdone_by = frozenset({"openvino_bfloat16"})

    precision: ClassVar[str] = "f32"
    """By OpenVINO's name."""

    def available(self, device: torch.device) -> bool:
        return device.type == "cpu" and can_export("openvino")

    def prepare(self, module: nn.Module, sample: Tensors, device: torch.device) -> None:
        openvino = require("openvino", "engines", "the engine openvino")
        graph = exported(module, sample)
        self.given = graph.outputs
        core = openvino.Core()
        settings = {
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "INFERENCE_PRECISION_HINT": self.precision,
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,
        }
        compiled = core.compile_model(core.read_model(graph.bytes), "CPU", settings)
        self.request = compiled.create_infer_request()
        self.taken = [given.get_any_name() for given in compiled.inputs]

    def run(self, batch: Tensors) -> Tensors:
        found = self.request.infer({name: batch[name].numpy() for name in self.taken}, share_inputs=True)
        # The request's buffers are written over by the next batch.
        return {name: torch.from_numpy(found[i].copy()) for i, name in enumerate(self.given)}
