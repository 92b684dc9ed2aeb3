"""Pictures take turns on the device: all lie there, or each epoch decodes others where they do not fit."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
import torch

from headstart.frozen.inputs import Inputs
from headstart.pretraining._pool import Pool, pool_of

ROOM = 1.6
"""Pictures are kept at so many times the side of a crop."""


@dataclass
class Turns:
    """Which of N pictures lie on the device.

    Attributes
    ----------
    side : of the finest crop that is cut from them, in pixels. most : bytes that they may take on the device.
    seconds : that the last turn took to be decoded.
    """

    pictures: Inputs
    side: int
    seed: int
    device: torch.device
    most: float
    seconds: float = field(default=0.0, init=False)
    _pool: Pool | None = field(default=None, init=False, repr=False)
    _held: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64), init=False, repr=False)

    def pool(self, number: int) -> Pool:
        """The pictures of epoch `number`, in the order of :meth:`rows`."""
        rows = self.rows(number)
        if self._pool is None or not np.array_equal(rows, self._held):
            self._pool, began = None, time.perf_counter()  # none, before there is room for the next
            self._pool, self._held = pool_of(self.pictures, rows, self._kept_side, self.device), rows
            self.seconds = time.perf_counter() - began
        return self._pool

    def rows(self, number: int) -> np.ndarray:
        """Of epoch `number`: all, or the next of a random order, so that every picture has its turn."""
        if self.all_fit:
            return np.arange(len(self.pictures))
        order = np.random.default_rng(self.seed).permutation(len(self.pictures))
        return np.roll(order, -(number * len(self) % len(order)))[: len(self)]

    def __len__(self) -> int:
        """Pictures of a turn."""
        return min(len(self.pictures), max(1, int(self.most // (3 * self._kept_side**2))))

    @property
    def all_fit(self) -> bool:
        """Whether there is one turn, of all pictures."""
        return len(self) == len(self.pictures)

    @property
    def _kept_side(self) -> int:
        return int(ROOM * self.side)
