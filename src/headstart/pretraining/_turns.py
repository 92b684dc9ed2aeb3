"""Pictures take turns on the device: all lie there, or each epoch decodes others where they do not fit."""

from __future__ import annotations

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
    """

    pictures: Inputs
    side: int
    seed: int
    device: torch.device
    most: float
    _pool: Pool | None = field(default=None, init=False, repr=False)
    _held: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64), init=False, repr=False)

    def pool(self, number: int) -> Pool:
        """The pictures of epoch `number`, in the order of :meth:`rows`."""
        rows = self.rows(number)
        if self._pool is None or not np.array_equal(rows, self._held):
            self._pool = None  # before there is room for the next
            self._pool, self._held = pool_of(self.pictures, rows, self._kept_side, self.device), rows
        return self._pool

    def rows(self, number: int) -> np.ndarray:
        """Of epoch `number`: all, or the next of a random order, so that every picture has its turn."""
        fitting = max(1, int(self.most // (3 * self._kept_side**2)))
        order = np.random.default_rng(self.seed).permutation(len(self.pictures))
        first = number * fitting % len(order)
        return np.roll(order, -first)[:fitting] if fitting < len(order) else np.arange(len(order))

    @property
    def _kept_side(self) -> int:
        return int(ROOM * self.side)
