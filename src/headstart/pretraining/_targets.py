"""What is known of inputs that are learnt from without a teacher: their targets, or nothing."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Targets:
    """What is known of B crops or passages: ``values`` (B,) or (B, C), (B, 0) where nothing is."""

    values: Tensor

    def on(self, device: torch.device) -> Targets:
        """The same on `device`."""
        return Targets(self.values.to(device))
