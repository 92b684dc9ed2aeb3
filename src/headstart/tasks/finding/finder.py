"""What every way to find boxes promises: a head, its loss, and the surest boxes in its raw outputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from headstart.core.detector import Detector
from headstart.core.maps import Map
from headstart.tasks._map_head import MapHead


class Claims(NamedTuple):
    """What P places of N pictures say of one class.

    ``log_odds`` (N, P) that there is one, ``scores`` (N, P) of their boxes, whose edges (N, P, 4) are shares.
    """

    log_odds: Tensor
    scores: Tensor
    edges: Tensor


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

    @abstractmethod
    def claims(self, outputs: Tensor, label: int) -> Claims:
        """What raw outputs say of the class at the place `label`."""


def by_finders(pictures: Iterable[tuple[Tensor, float]], weights: Tensor | None) -> Tensor:
    """The sum of the losses of N pictures, weighted, by the number of all places that find something.

    So it is linear in the `weights` (N,).

    Parameters
    ----------
    pictures : the summed loss of each, and how many of its places find something, or how well they do in all.
    """
    losses, counts = zip(*pictures, strict=True)
    each = torch.stack(losses)
    return (each if weights is None else each * weights).sum() / max(sum(counts), 1)


def of_one(logits: Tensor, column: int) -> Tensor:
    """The log-odds of one of several classes (…, K) that exclude each other: log p / (1 - p)."""
    others = torch.cat([logits[..., :column], logits[..., column + 1 :]], dim=-1)
    return logits[..., column] - others.logsumexp(dim=-1)


class PretrainedFinder(Finder):
    """One whose head goes on from that of a `detector`."""

    def __init__(self, labels: Sequence[str], frame: tuple[int, int], detector: Detector) -> None:
        super().__init__(labels, frame)
        self.detector = detector
