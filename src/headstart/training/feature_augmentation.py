"""Augmentation of frontier activations: new examples for the price of the trained part alone."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from headstart.backbones.base import Batch


class Mixed(NamedTuple):
    """A batch of N mixtures: `share` of each example and the rest of its `partner`, indices (N,)."""

    batch: Batch
    share: float
    partner: Tensor


def can_be_mixed(batch: Batch) -> bool:
    """Whether the examples are numbers of one size; token ids are not."""
    return all(tensor.is_floating_point() for tensor in batch.values())


def mixup(batch: Batch, alpha: float) -> Mixed:
    """Manifold mixup (Verma et al. 2019, arXiv:1806.05236): λ·h + (1 − λ)·h', λ from Beta(α, α), one a batch."""
    share = float(torch.distributions.Beta(alpha, alpha).sample())
    partner = torch.randperm(len(next(iter(batch.values()))))
    return Mixed({name: share * t + (1 - share) * t[partner] for name, t in batch.items()}, share, partner)


def brightened(batch: Batch, strength: float) -> Batch:
    """FroFA's brightness (Bär et al. 2024, arXiv:2403.10519): each example (…) scaled to [0, 1], shifted, clipped.

    x = (h − min h) / (max h − min h); x' = clip(x + b, 0, 1), b from U(−v, v), one an example, v the `strength`;
    then back to the range of h. The paper's variants per channel are left out: which dimension holds the channels
    differs between backbones. Whole numbers stay as they are.
    """
    return {name: _shifted(t, strength) if t.is_floating_point() else t for name, t in batch.items()}


def _shifted(tensor: Tensor, strength: float) -> Tensor:
    flat = tensor.flatten(1)
    low, high = flat.amin(1, keepdim=True), flat.amax(1, keepdim=True)
    width = (high - low).clamp_min(torch.finfo(flat.dtype).tiny)
    shift = (2 * torch.rand(len(flat), 1, dtype=flat.dtype, device=flat.device) - 1) * strength
    return (((flat - low) / width + shift).clamp(0, 1) * width + low).view_as(tensor)
