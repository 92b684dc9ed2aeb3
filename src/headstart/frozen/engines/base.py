"""The contract of an engine: runs a frozen part, and is trusted only after it agreed with the plain one."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

Tensors = dict[str, Tensor]


class Engine(ABC):
    """Runs a frozen module over batches. File name = plug-in name; the constructor takes nothing."""

    @abstractmethod
    def available(self, device: torch.device) -> bool:
        """Whether its library and the device allow it here."""

    @abstractmethod
    def prepare(self, module: nn.Module, sample: Tensors, device: torch.device) -> None:
        """Compile or move `module`; `sample` is a first batch whose shapes the later ones mostly have."""

    @abstractmethod
    def run(self, batch: Tensors) -> Tensors:
        """Outputs of the prepared module on the CPU, without gradients."""


def agrees(reference: Tensors, candidate: Tensors, largest: float = 1e-3, cosine: float = 0.9999) -> bool:
    """Whether two engines' outputs are the same function: every tensor's largest relative difference at most
    `largest` (of the reference's largest magnitude) and its cosine similarity at least `cosine`."""
    if reference.keys() != candidate.keys():
        return False
    for name, expected in reference.items():
        given = candidate[name].float().flatten()
        wanted = expected.float().flatten()
        if given.shape != wanted.shape:
            return False
        scale = wanted.abs().max().clamp_min(1e-12)
        close = (given - wanted).abs().max() / scale <= largest
        alike = wanted.norm() == 0 or torch.nn.functional.cosine_similarity(given, wanted, dim=0) >= cosine
        if not (close and alike):
            return False
    return True
