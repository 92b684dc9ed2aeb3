"""Distillation of features and relations: the student learns to give what a larger network gives."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from headstart.core.errors import UsageError
from headstart.pretraining.base import Lesson, TaughtMethod

SILENT = 1e-3
"""A feature that deviates by less than this share of the mean deviation is not stretched any further."""


class Distillation(TaughtMethod):
    """Loss = features · L_f + relations · L_r, see :class:`Imitation`.

    Parameters
    ----------
    features, relations : weights, not negative, and not both 0.
    maps : weight of the maps of both networks, not negative; they count where the teacher answers as the student
        learns, for no store holds them.
    """

    summary = "learns the features of a larger network, and which pictures it finds alike"

    def __init__(self, features: float = 1.0, relations: float = 1.0, maps: float = 1.0) -> None:
        self.features, self.relations, self.maps = features, relations, maps

    def check(self) -> None:
        weights = self.features, self.relations
        if min(weights) < 0 or max(weights) == 0 or self.maps < 0:
            raise UsageError(
                f"distillation:features={self.features:g},relations={self.relations:g},maps={self.maps:g} weighs "
                "nothing to learn; all must be at least 0, and one of the first two more."
            )

    def lesson(self, width: int, answers: Tensor) -> Imitation:
        return Imitation(width, answers, self.features, self.relations)


class Imitation(Lesson):
    """L_f = smooth-L1(W f + b, z) and L_r = mean (S(f) - S(z))².

    f (B, D) are the student's features and z (B, A) the teacher's, standardised by mean and deviation over crops.
    W, b are learnt with the student (hints: Romero et al. 2015, arXiv:1412.6550). S(x) (B, B) are cosines of the rows
    of x after the batch's mean is taken off; Tung & Mori (2019, arXiv:1907.09682) compare rows of x xᵀ instead, which
    features that are all positive, as after a ReLU, leave nearly the same for any two pictures.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, width: int, answers: Tensor, features: float, relations: float) -> None:
        super().__init__()
        self.features, self.relations = features, relations
        self.map = nn.Linear(width, answers.shape[1])
        deviation = answers.float().std(dim=0, correction=0)
        self.register_buffer("mean", answers.float().mean(dim=0))
        self.register_buffer("deviation", deviation.clamp_min(SILENT * float(deviation.mean()) + 1e-12))

    def forward(self, features: Tensor, answers: Tensor) -> Tensor:
        wanted = (answers - self.mean) / self.deviation
        told = functional.smooth_l1_loss(self.map(features), wanted)
        alike = (similarities(features) - similarities(wanted)).square().mean()
        return self.features * told + self.relations * alike


def similarities(rows: Tensor) -> Tensor:
    """(B, B) cosines of centred `rows` (B, D)."""
    units = functional.normalize(rows - rows.mean(dim=0), dim=1)
    return torch.matmul(units, units.T)
