"""What every way to find boxes promises: a head, its loss, and the surest boxes in its raw outputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor

from headstart.core.detector import Detector
from headstart.core.maps import Map
from headstart.tasks._map_head import MapHead


class Finder(ABC):
    """Boxes of C classes in pictures of a frame.

    Parameters
    ----------
    labels : C.
    frame : (width, height) in pixels.
    """

    def __init__(self, labels: Sequence[str], frame: tuple[int, int]) -> None:
        self.labels, self.frame = list(labels), frame

    @abstractmethod
    def head(self, offered: Sequence[Map]) -> MapHead:
        """Output layers that nothing of these pictures has taught yet."""

    @abstractmethod
    def loss(self, outputs: Tensor, encoded: Tensor, weights: Tensor | None, smoothing: float) -> Tensor:
        """Of raw outputs (N, P, …) and encoded boxes (N, M, 9), a scalar, linear in `weights` (N,)."""

    @abstractmethod
    def kept(self, outputs: Tensor) -> Tensor:
        """Raw outputs → the surest boxes (N, K, 6): edges as shares, score, class; -1 where there is none."""


class PretrainedFinder(Finder):
    """One whose head goes on from that of a `detector`."""

    def __init__(self, labels: Sequence[str], frame: tuple[int, int], detector: Detector) -> None:
        super().__init__(labels, frame)
        self.detector = detector
