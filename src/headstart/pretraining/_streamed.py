"""Crops that are never met twice: cut on the device, and a teacher answers for the very batch that a student sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional

from headstart.backbones.base import Backbone, Batch
from headstart.backbones.images.crops import ImageCrops
from headstart.frozen.inputs import Inputs
from headstart.pretraining._course import Shown
from headstart.pretraining._cutting import cut, mixed, normalised
from headstart.pretraining._draws import draws
from headstart.pretraining._plan import Plan
from headstart.pretraining._said import Said, said_by
from headstart.pretraining._seeds import seed_of
from headstart.pretraining._turns import Turns


@dataclass
class Streamed(Shown):
    """Crops of pictures that lie on the device; where they do not all fit, each epoch decodes others of them.

    Patient and consistent (Beyer et al. 2022, arXiv:2106.05237): the same mixed crop for both networks.

    Attributes
    ----------
    pictures : all N. maps : the names of the teacher's. side : of a crop as the student is shown it, in pixels.
    most : bytes that pictures may take on the device.
    """

    pictures: Inputs
    teacher: Backbone
    student_sees: ImageCrops
    teacher_sees: ImageCrops
    maps: Sequence[str]
    side: int
    seed: int
    device: torch.device
    most: float
    reduced: bool = False

    def epoch(self, number: int, plan: Plan) -> Iterator[tuple[Batch, Said]]:
        pool, seed = self.turns.pool(number), seed_of(self.seed, number)
        scale, jitter = self.student_sees.crop_scale, self.student_sees.jitter
        drawn = draws(plan.per_epoch, pool.proportions, scale, jitter, seed)
        for start in range(0, plan.per_epoch, plan.batch_size):
            part = drawn.part(start, min(start + plan.batch_size, plan.per_epoch))
            yield self._answered(mixed(cut(pool, part, self._finest), part), plan.channels_last)

    @cached_property
    def turns(self) -> Turns:
        """Which pictures lie on the device."""
        return Turns(self.pictures, self._finest, self.seed, self.device, self.most)

    @property
    def _finest(self) -> int:
        return max(self.side, self._taught_side)

    @property
    def _taught_side(self) -> int:
        return self.teacher_sees.beside(self.student_sees, self.side)

    @torch.no_grad()
    def _answered(self, crops: Tensor, channels_last: bool) -> tuple[Batch, Said]:
        layout = torch.channels_last if channels_last else torch.contiguous_format
        shown, taught = (
            {"pixels": normalised(_sized(crops, side), sees).contiguous(memory_format=layout)}
            for side, sees in ((self.side, self.student_sees), (self._taught_side, self.teacher_sees))
        )
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.reduced):
            said = said_by(self.teacher, taught, self.maps)
        return shown, said


def _sized(crops: Tensor, side: int) -> Tensor:
    if crops.shape[-1] == side:
        return crops
    return functional.interpolate(crops, (side, side), mode="bilinear", antialias=True, align_corners=False)
