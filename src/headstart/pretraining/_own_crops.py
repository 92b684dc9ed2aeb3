"""Crops that a network learns from without a teacher: ever new ones, several of each picture where that is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from headstart.backbones.base import Batch, Preprocess, collate
from headstart.backbones.images.crops import ImageCrops
from headstart.core.ahead import ahead
from headstart.core.files import digest
from headstart.pretraining._course import Shown
from headstart.pretraining._cutting import cut, normalised
from headstart.pretraining._draws import Draws, draws
from headstart.pretraining._plan import Plan
from headstart.pretraining._seeds import seed_of
from headstart.pretraining._targets import Targets
from headstart.pretraining._turns import Turns

PLAIN = 32
"""Pictures of a batch where they are shown as they are."""


@dataclass(frozen=True)
class OwnCrops(Shown):
    """Crops of pictures that lie on the device, not mixed with each other.

    Attributes
    ----------
    sees : how the network takes a crop. each : crops of the same picture in a step. scale : as the method says.
    targets : (N,) or (N, C) of all N pictures, (N, 0) where none are learnt from.
    """

    turns: Turns
    sees: ImageCrops
    each: int
    scale: tuple[float, float]
    targets: Tensor
    seed: int

    def epoch(self, number: int, plan: Plan) -> Iterator[tuple[Batch, Targets]]:
        pool, pictures, size = self.turns.pool(number), plan.per_epoch // self.each, plan.batch_size // self.each
        drawn = self._drawn(number, pictures, pool.proportions)
        targets = self.targets[self.turns.rows(number)]
        for start in range(0, pictures, size):
            parts = [each.part(start, min(start + size, pictures)) for each in drawn]
            crops = torch.cat([cut(pool, part, self.turns.side) for part in parts])
            rows = torch.cat([part.rows for part in parts])
            yield self._shown(crops, plan), Targets(targets[rows.to(targets.device)])

    def plain(self, as_used: Preprocess, most: int) -> Iterator[Batch]:
        """Up to `most` pictures whole, as the network is shown them `as_used`."""
        inputs = replace(self.turns.pictures, preprocess=as_used)
        rows = np.random.default_rng(self.seed).permutation(len(inputs))[:most].tolist()
        for batch in ahead(lambda part: collate(inputs.many(part)), _parted(rows)):
            yield {name: tensor.to(self.turns.device) for name, tensor in batch.items()}

    def _drawn(self, number: int, pictures: int, proportions: Tensor) -> list[Draws]:
        """The first crops of all pictures of an epoch, the second ones of the same, and so on."""
        seed, jitter = seed_of(self.seed, number), self.sees.jitter
        first = draws(pictures, proportions, self.scale, jitter, seed)
        others = [int(digest(str(seed), f"crop {place}")[:8], 16) for place in range(1, self.each)]
        more = [draws(pictures, proportions, self.scale, jitter, other, first.rows) for other in others]
        return [first, *more]

    def _shown(self, crops: Tensor, plan: Plan) -> Batch:
        layout = torch.channels_last if plan.channels_last else torch.contiguous_format
        return {"pixels": normalised(crops, self.sees).contiguous(memory_format=layout)}


def _parted(rows: list[int]) -> list[list[int]]:
    """In batches, and none of one: normalisation over a batch needs two, so a lone picture is shown twice."""
    parts = [rows[start : start + PLAIN] for start in range(0, len(rows), PLAIN)]
    if len(parts[-1]) == 1:
        last = [row for part in parts[-2:] for row in part]
        parts[-2:] = [last if len(last) > 1 else 2 * last]
    return parts
