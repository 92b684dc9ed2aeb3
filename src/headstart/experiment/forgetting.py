"""Bounds what old classes lose when others are added: the new ones are held back as far as that takes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from headstart.experiment.extension import HeldOut
from headstart.tasks.base import Task


@dataclass(frozen=True)
class HeldBack:
    """How far the outputs of new classes are lowered: calibrated stacking (Chao et al. 2016, arXiv:1605.04253).

    ŷ = argmax_c f_c(x) - t [c is new], with the least t ≥ 0 by which the old classes lose no more than ``bound``.

    Attributes
    ----------
    known : how many of the classes are old; they come first.
    right_before : the share of old examples that was right before. bound : how much of it may be lost; None for any.
    """

    known: int
    right_before: float
    bound: float | None

    def offset(self, old: HeldOut) -> float:
        """The least t for these old examples; where no t is enough, the one that does most.

        An example whose class is the likeliest of the old ones is right as soon as t is above the lead that a new
        class has over it. So t lies just above the k-th smallest lead, k the number that must be right.
        """
        if self.bound is None or not len(old):
            return 0.0
        known, new = old.outputs[:, : self.known].double(), old.outputs[:, self.known :].double()
        reachable = known.argmax(dim=1) == old.encoded
        leads = (new.amax(dim=1) - known.amax(dim=1))[reachable].sort().values
        needed = min(math.ceil((self.right_before - self.bound) * len(old) - 1e-9), len(leads))
        if needed <= 0:
            return 0.0
        lead = float(leads[needed - 1])
        return 0.0 if lead < 0 else lead + 1e-4 * (1 + abs(lead))

    def apply(self, outputs: Tensor, offset: float) -> Tensor:
        """Outputs (N, C) with those of new classes lowered."""
        lowered = outputs.clone()
        lowered[:, self.known :] -= offset
        return lowered


def cross_settled(task: Task, held_out: HeldOut, sides: np.ndarray, seed: int, held_back: HeldBack) -> Tensor:
    """Outputs (N, C), each half held back and calibrated by the other: no example judges what it has settled.

    `sides` (N,) says ``old`` or ``new``; both halves hold as many of each.
    """
    if len(held_out) < 4:
        return held_out.outputs
    order = np.random.default_rng(seed).permutation(len(held_out))
    order = order[np.argsort(sides[order], kind="stable")]
    settled = held_out.outputs.clone()
    for mine, other in ((order[::2], order[1::2]), (order[1::2], order[::2])):
        offset = held_back.offset(held_out.select(other[sides[other] == "old"]))
        judge, fit = torch.from_numpy(mine), torch.from_numpy(other)
        lowered = held_back.apply(held_out.outputs, offset)
        calibration = task.calibrate(lowered[fit], held_out.encoded[fit])
        settled[judge] = task.calibrated(lowered[judge], calibration)
    return settled
