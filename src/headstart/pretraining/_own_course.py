"""A course without a teacher: the network learns from crops alone, or from their labels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from headstart.backbones.base import Batch
from headstart.pretraining._course import Course
from headstart.pretraining._own_crops import OwnCrops

RESTATED = 256
"""Pictures from which statistics of normalisation are taken anew."""


@dataclass
class OwnCourse(Course):
    """The lesson is an :class:`~headstart.pretraining.base.OwnLesson`, and ``shown`` gives targets.

    Attributes
    ----------
    holds : whether running statistics of batch normalisation hold still and are what normalises. Those that a network
        has learnt from far more pictures are better than any that these few could give.
    """

    shown: OwnCrops
    holds: bool = False

    def loss(self, batch: Batch, wanted: Any) -> Tensor:
        if self.holds:
            for norm in norms_of(self.student):
                norm.eval()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.reduced):
            loss: Tensor = self.lesson(self.student, batch, wanted.values)
        return loss.float()

    def settle(self) -> None:
        """Crops, masked ones above all, have other statistics than pictures as they are in use: take those."""
        if not self.holds:
            restate(self.student, self.shown.plain(self.student.preprocess, RESTATED))


def norms_of(network: nn.Module) -> list[_BatchNorm]:
    """The layers of batch normalisation that keep running statistics."""
    return [each for each in network.modules() if isinstance(each, _BatchNorm) and each.track_running_stats]


@torch.no_grad()
def restate(network: nn.Module, batches: Iterable[Batch]) -> None:
    """Take the running statistics of batch normalisation anew, as plain means over `batches`; all else stays."""
    norms = norms_of(network)
    if not norms:
        return
    momenta = [each.momentum for each in norms]
    network.eval()
    for each in norms:
        each.reset_running_stats()
        each.momentum = None  # a plain mean
        each.train()
    for batch in batches:
        network(batch)
    for each, momentum in zip(norms, momenta, strict=True):
        each.momentum = momentum
        each.eval()
