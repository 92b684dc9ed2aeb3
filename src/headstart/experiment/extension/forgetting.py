"""Bounds what old classes lose when others are added: old examples count more, and new classes are held back."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from headstart.experiment.extension.result import HeldOut
from headstart.tasks.base import Task

AIM = 0.01
"""The share of the old examples that may be lost where no bound is named: a point is not noticed."""

MOST_PAID = 0.05
"""The share of the examples of new classes that these may pay for it: of look-alikes they would lose nearly all."""

COUNTED = (1.0, 2.0, 4.0, 8.0)
"""How many times an old example counts, tried in turn until the old classes lose no more than they may.

On training texts of `banking77`, 39 classes added to 38, it halves what old ones lose for 0.3 to 1 points of all;
holding new classes back as far as that costs twice as much."""

Made = TypeVar("Made", covariant=True)


class Several(Protocol[Made]):
    """Things by their place; a list is such."""

    def __len__(self) -> int: ...

    def __getitem__(self, place: int, /) -> Made: ...


class OnDemand(Generic[Made]):
    """So many things, each made when it is first asked for."""

    def __init__(self, make: Callable[[int], Made], count: int) -> None:
        self._make, self._count = functools.cache(make), count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: int, /) -> Made:
        return self._make(place)


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

    def enough(self, old: HeldOut) -> bool:
        """Whether a head with these outputs loses no more of the old examples than it may."""
        return self.right_before - _right(old) <= (AIM if self.bound is None else self.bound) + 1e-9

    def chosen(self, old: Several[HeldOut], new: Several[HeldOut]) -> int:
        """The place of the first head that is :meth:`enough`, or of the last.

        Without a bound it is the last that new classes do not pay too much for.

        Parameters
        ----------
        old, new : the examples of old classes, and of new ones, as each head answers them.
        """
        for place in range(len(old)):
            if self.bound is None and _right(new[0]) - _right(new[place]) > MOST_PAID + 1e-9:
                return place - 1
            if self.enough(old[place]):
                return place
        return len(old) - 1

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

    def settled(self, heads: Several[HeldOut], sides: np.ndarray, rows: np.ndarray) -> tuple[int, float]:
        """The head that the examples at `rows` choose, and how far its new classes are lowered.

        Heads behind the one that ends the search are not asked for.
        """
        is_new = (heads[0].encoded >= self.known).numpy()
        old = OnDemand(lambda place: heads[place].select(rows[sides[rows] == "old"]), len(heads))
        new = OnDemand(lambda place: heads[place].select(rows[is_new[rows]]), len(heads))
        place = self.chosen(old, new)
        return place, self.offset(old[place])

    def apply(self, outputs: Tensor, offset: float) -> Tensor:
        """Outputs (N, C) with those of new classes lowered."""
        lowered = outputs.clone()
        lowered[:, self.known :] -= offset
        return lowered


def _right(some: HeldOut) -> float:
    """The share that is right; all of none."""
    return float((some.outputs.argmax(dim=1) == some.encoded).double().mean()) if len(some) else 1.0


def cross_settled(task: Task, heads: Several[HeldOut], sides: np.ndarray, seed: int, held_back: HeldBack) -> Tensor:
    """Outputs (N, C), each half by the head that the other chooses, held back and calibrated by it: no example judges
    what it has settled.

    Parameters
    ----------
    heads : the examples as each head answers them, in the order in which they are tried.
    sides : (N,) ``old`` or ``new``; both halves hold as many of each.
    """
    held_out = heads[0]
    if len(held_out) < 4:
        return held_out.outputs
    order = np.random.default_rng(seed).permutation(len(held_out))
    order = order[np.argsort(sides[order], kind="stable")]
    settled = held_out.outputs.clone()
    for mine, other in ((order[::2], order[1::2]), (order[1::2], order[::2])):
        place, offset = held_back.settled(heads, sides, other)
        judge, fit = torch.from_numpy(mine), torch.from_numpy(other)
        lowered = held_back.apply(heads[place].outputs, offset)
        calibration = task.calibrate(lowered[fit], held_out.encoded[fit])
        settled[judge] = task.calibrated(lowered[judge], calibration)
    return settled
