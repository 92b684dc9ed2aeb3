"""Heads whose penalty is centred on a discriminant: which one, and how strong, some of the classes tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from headstart.strategies._descent import Point, descend
from headstart.strategies._discriminant import Discriminant, Scatter
from headstart.strategies._several_heads import SeveralHeads

SHRINKAGES = (0.01, 0.03, 0.1, 0.3, 0.6)
"""Shares of the covariance within classes that may go to its mean variance."""

STEP = 0.5**0.5
"""Between two scales that are tried."""

SMALLEST = 2.0**-10
"""Of the scales."""

SHARES = (1.0, 0.5)
"""Of the scale that suits the discriminant alone: a penalty may want its centre nearer to nought."""


@dataclass(frozen=True)
class Centre:
    """A discriminant with this `shrinkage`, its outputs times `scale`."""

    shrinkage: float
    scale: float

    def heads(self, problem: SeveralHeads, scatter: Scatter) -> Tensor:
        """Weights (F C, R + 1), of each head from the examples that it sees."""
        discriminant = Discriminant.of(scatter, self.shrinkage)
        given = problem.coordinates, problem.encoded
        return self.scale * torch.cat([discriminant.head(*given, w, problem.task.outputs) for w in problem.weights])


@dataclass(frozen=True)
class Rehearsal:
    """Some of the classes in F folds, as `problem` has them, on which a centre and a penalty are tried.

    Attributes
    ----------
    problem : its targets are places of classes, an example that is held out weighs nothing. judged : (F, N), the
    weights of those that are. scatter : of the examples of other classes, as the whole task has it in plenty.
    """

    problem: SeveralHeads
    judged: Tensor
    scatter: Scatter

    def best(self, strengths: tuple[float, ...], tolerance: float, limit: int) -> tuple[Centre, float, list[float]]:
        """The centre and strength of least held-out loss, and the losses of the first strengths with it.

        Each descends straight from the centre, as the answer will. Strengths go from strong penalties to weak until
        two are worse than the best before them.
        """
        found = self._fitting()
        tried = []
        for share in SHARES:
            centre = Centre(found.shrinkage, share * found.scale)
            heads, scores = centre.heads(self.problem, self.scatter), list[float]()
            for strength in strengths:
                scores.append(self._score(heads, 1 / (strength * len(self.judged[0])), tolerance, limit))
                if len(scores) > 2 and min(scores[-2:]) > min(scores[:-2]):
                    break
            tried.append((centre, strengths[scores.index(min(scores))], scores))
        return min(tried, key=lambda each: min(each[2]))

    def _fitting(self) -> Centre:
        """The discriminant of least held-out loss. Its loss is convex in the scale, so that goes down from where it
        was best before, or up, while it helps."""
        best, least = Centre(SHRINKAGES[0], 1.0), float("inf")
        for shrinkage in SHRINKAGES:
            outputs = self.problem.outputs(Centre(shrinkage, 1.0).heads(self.problem, self.scatter))
            for scale, loss in self._walk(outputs, best.scale):
                if loss < least:
                    best, least = Centre(shrinkage, scale), loss
        return best

    def _walk(self, outputs: Tensor, start: float) -> Iterator[tuple[float, float]]:
        """Scales and the losses of outputs (N, F C) times them, from `start` down, else up, to the least."""
        before = self.problem.loss(start * outputs, self.judged)
        yield start, before
        for factor in (STEP, 1 / STEP):
            scale, last = start * factor, before
            while scale >= SMALLEST and (loss := self.problem.loss(scale * outputs, self.judged)) < last:
                yield scale, loss
                scale, last = scale * factor, loss
            if last < before:
                return

    def _score(self, heads: Tensor, penalty: float, tolerance: float, limit: int) -> float:
        point = descend(self.problem, Point.beyond(self.problem, heads), penalty, tolerance, limit)
        return self.problem.loss(point.outputs, self.judged)
