"""Batches of other shapes than a first one: what later batches may look like."""

from __future__ import annotations

import torch
from torch import Tensor

from headstart.frozen.engines.base import Tensors


def has_length(tensor: Tensor) -> bool:
    """Whether it is a matrix of whole numbers (N, L), token ids say, whose length L differs from batch to batch."""
    return tensor.dim() == 2 and not tensor.is_floating_point()


def two_examples(batch: Tensors) -> Tensors:
    """The first two examples, or the only one twice: tracers take a size of 1 for a constant."""
    return {name: torch.cat([tensor[:2], tensor[:1]])[:2] for name, tensor in batch.items()}


def turned(batch: Tensors) -> Tensors:
    """Fewer examples, the last first: half of them, or the only one twice."""
    count = len(next(iter(batch.values())))
    if count == 1:
        return two_examples(batch)
    return {name: tensor.flip(0)[: count // 2].contiguous() for name, tensor in batch.items()}


def of_other_length(batch: Tensors) -> Tensors | None:
    """The same examples cut to half their length, or twice as long where that is short; None without lengths."""
    if not any(has_length(tensor) for tensor in batch.values()):
        return None
    return {name: _other_length(tensor) if has_length(tensor) else tensor for name, tensor in batch.items()}


def _other_length(tensor: Tensor) -> Tensor:
    length = tensor.shape[1]
    return torch.cat([tensor, tensor], 1) if length < 4 else tensor[:, : length // 2].contiguous()
