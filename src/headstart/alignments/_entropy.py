"""How unsure each prediction is."""

from __future__ import annotations

import torch
from torch import Tensor


def entropy(probabilities: Tensor) -> Tensor:
    """(N, C) → (N,), in nats."""
    return -torch.special.xlogy(probabilities, probabilities).sum(dim=1)
