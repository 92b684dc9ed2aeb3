"""Notices a collapse: a network in training that finds all examples alike."""

from __future__ import annotations

import torch
from torch import Tensor

from headstart.backbones.base import Batch
from headstart.pretraining._course import Course

ALIKE, OF_THE_FIRST = 0.01, 0.1
"""All examples count as alike where features differ by less than this share of their length, and by less than this
share of how much they differed in the beginning: untrained networks differ little too."""

SHOWN = 32
"""Examples that are looked at, always the same."""


class Spread:
    """How much the features of the student of `course` differ between examples; made before it has learnt."""

    def __init__(self, course: Course) -> None:
        self.course = course
        batch, _ = next(iter(course.shown.epoch(0, course.plan)))
        self.shown: Batch = {name: tensor[:SHOWN].to(course.device) for name, tensor in batch.items()}
        self.first = self.now()

    @torch.no_grad()
    def now(self) -> float:
        """The deviation of features between examples as a share of their length."""
        student = self.course.student.to(self.course.device).eval()
        return spread(student.features(self.shown).float())

    @property
    def collapsed(self) -> bool:
        """Whether next to nothing is left of it."""
        return self.now() < min(ALIKE, OF_THE_FIRST * self.first)


def spread(features: Tensor) -> float:
    """√(Σ_j Var(f_j) / mean ‖f‖²) of `features` (n, D): 0 where all rows are equal, 1 where their mean is nothing."""
    variance = features.var(dim=0, correction=0).sum()
    return float((variance / features.square().sum(dim=1).mean().clamp_min(1e-30)).sqrt())
