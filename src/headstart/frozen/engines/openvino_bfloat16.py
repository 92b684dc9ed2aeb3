"""OpenVINO in bfloat16, on a processor that multiplies such numbers."""

from __future__ import annotations

import torch

from headstart.core.precision import multiplies_bfloat16
from headstart.frozen.engines.base import BFLOAT16
from headstart.frozen.engines.openvino import Openvino


class OpenvinoBfloat16(Openvino):
    """Activations have 8 bits from layer to layer, sums 24; what comes out is in single precision."""

    precision = "bf16"
    outdone_by = frozenset()
    rounds_like = frozenset({"bfloat16"})
    tolerance = BFLOAT16
    reduced = True

    def available(self, device: torch.device) -> bool:
        return super().available(device) and multiplies_bfloat16()
