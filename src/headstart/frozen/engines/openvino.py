"""OpenVINO, on a CPU."""

from __future__ import annotations

import torch
from torch import nn

from headstart.core.optional import require
from headstart.frozen.engines._exported import Exported, can_export
from headstart.frozen.engines.base import Engine, Tensors


class Openvino(Engine):
    """Exports the frozen part to ONNX in memory and lets OpenVINO compile it, in single precision."""

    typical_preparation = 2.5

    def available(self, device: torch.device) -> bool:
        return device.type == "cpu" and can_export("openvino")

    def prepare(self, module: nn.Module, sample: Tensors, device: torch.device) -> None:
        openvino = require("openvino", "engines", "the engine openvino")
        self.exported = Exported(module, sample)
        core = openvino.Core()
        settings = {
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,
        }
        compiled = core.compile_model(core.read_model(self.exported.bytes), "CPU", settings)
        self.request = compiled.create_infer_request()
        self.taken = [given.get_any_name() for given in compiled.inputs]
        self.count = len(compiled.outputs)

    def run(self, batch: Tensors) -> Tensors:
        given = self.request.infer({name: batch[name].numpy() for name in self.taken}, share_inputs=True)
        # The request's buffers are written over by the next batch.
        return self.exported.named([torch.from_numpy(given[i].copy()) for i in range(self.count)])
