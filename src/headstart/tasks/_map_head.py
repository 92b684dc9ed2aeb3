"""What every head that reads maps promises."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor, nn

from headstart.core.maps import Map


class MapHead(nn.Module, ABC):
    """Output layers on maps of several stages, by name: (N, C_s, h_s, w_s) each → outputs (N, …).

    Parameters
    ----------
    maps : those it reads, from fine to coarse.
    """

    fastest: float = math.inf
    """The highest peak rate of AdamW that it learns at; above it attention forgets what pretraining taught it."""

    def __init__(self, maps: Sequence[Map]) -> None:
        super().__init__()
        self.maps = tuple(maps)

    @abstractmethod
    def forward(self, maps: dict[str, Tensor]) -> Tensor:
        """Outputs."""
