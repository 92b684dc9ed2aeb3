"""Activations of all examples in one tensor."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from headstart.frozen.activations import Activations


def stacked(activations: Activations, name: str, size: int = 1024) -> Tensor:
    """One tensor of the frontier for all examples, (N, …)."""
    return filled(len(activations.inputs), (batch[name] for batch in activations.batches(size)))


def filled(count: int, parts: Iterable[Tensor]) -> Tensor:
    """Parts (n, …) of one shape put one after the other into one tensor (N, …), N = `count` ≥ 1 being all of them."""
    whole, end = torch.empty(0), 0
    for part in parts:
        if not end:
            whole = part.new_empty(count, *part.shape[1:])
        whole[end : end + len(part)] = part
        end += len(part)
    return whole
