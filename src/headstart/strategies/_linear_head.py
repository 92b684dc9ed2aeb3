"""Linear heads by convex optimisation, their penalty chosen by cross-validation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from headstart.core.units import first_share, how_many, numbered
from headstart.strategies._centred import Centre, Rehearsal
from headstart.strategies._descent import Point, descend
from headstart.strategies._discriminant import Scatter
from headstart.strategies._several_heads import SeveralHeads
from headstart.strategies._standardised import TURNED, Standardised
from headstart.tasks.base import Task

STRENGTHS = tuple(10.0**power for power in (-4, -3, -2.5, -2, -1.5, -1, -0.5, 0, 1))
"""Inverse penalties C tried, from the strongest penalty to the weakest; λ = 1 / (C N)."""

FINE, COARSE = (1e-6, 50), (1e-3, 30)
"""The share of the loss that may be left to gain, and the most steps: for the answer, and on the way there, where
only the order of the penalties counts."""

NEAR = (1e-3, 10)
"""The same from a centre: a few steps, and as many where it is tried as to the answer."""

FOLDS = ((3_000, 5), (10_000, 3))
"""With fewer examples than the first number, the second number of folds."""

HELD_OUT = 0.2
"""Share held out once where there are more examples than for any number of folds."""

LARGE = 2 * 10**7
"""Outputs of all folds together from which one held-out part must do, for the sake of memory. With more outputs than
these without any folds (thousands of classes) the penalty, and what it is centred on, are found on some of the
classes, about `FEW` outputs."""

FEW = 2 * 10**5

TRIED, FEWER = 150, 12
"""Steps that are made from a centre, of all penalties together and to the answer, for telling how long they take."""


@dataclass(frozen=True)
class Solution:
    """A linear head on unscaled features: ``weight`` (C, D), ``bias`` (C,), and the strength it was given.

    ``scores`` are the held-out losses of the first of STRENGTHS, as far as they were tried. Where it is the heads of
    several tasks side by side, ``parts`` has each; its strength is then no number, its score the sum of their best.
    """

    weight: Tensor
    bias: Tensor
    strength: float
    scores: tuple[float, ...] = ()
    parts: tuple[Solution, ...] = ()

    @property
    def each(self) -> tuple[Solution, ...]:
        """The heads that it consists of: itself where it is one."""
        return self.parts or (self,)


def side_by_side(solutions: Sequence[Solution]) -> Solution:
    """Heads on the same features as one that has the outputs of all."""
    if len(solutions) == 1:
        return solutions[0]
    weight, bias = (torch.cat([getattr(each, name) for each in solutions]) for name in ("weight", "bias"))
    scores = (sum(min(each.scores) for each in solutions),) if all(each.scores for each in solutions) else ()
    return Solution(weight, bias, math.nan, scores, tuple(solutions))


def fit_parts(task: Task, features: Tensor, encoded: Tensor, seed: int, units: np.ndarray | None = None) -> Solution:
    """A head for each part of the task, on the examples whose target is known, balanced as the part has it.

    Parameters
    ----------
    features : (N, D). encoded : N encoded targets. units : as for :func:`fit_linear_head`.
    """
    solutions = []
    for part in task.parts(encoded):
        known, own = part.encoded[part.rows], None if units is None else units[part.rows.numpy()]
        weights = part.task.balance(known)
        solutions.append(fit_linear_head(part.task, features[part.rows], known, weights, seed, units=own))
    return side_by_side(solutions)


def fit_linear_head(
    task: Task,
    features: Tensor | Standardised,
    encoded: Tensor,
    weights: Tensor,
    seed: int,
    strength: float | None = None,
    near: Solution | None = None,
    units: np.ndarray | None = None,
) -> Solution:
    """The penalised linear head of least held-out loss.

    Minimises mean loss + λ/2 ‖W‖², the bias free; penalties are tried from strong to weak, each starting from the
    last, until the cross-validated loss rises. The answer starts from the mean of the folds' heads. Of thousands of
    classes W is counted from a discriminant's weights, and each penalty is tried from there. One example leaves
    nothing to hold out, so the strongest penalty is taken; none at all gives a head of noughts.

    Parameters
    ----------
    features : (N, D), standardised where that is done already. encoded : N encoded targets. weights : (N,).
    strength : the inverse penalty, where it is known; nothing is cross-validated then.
    near : a head of that strength on most of the examples, from which the descent then starts.
    units : (N,) int, the same for relatives, which are held out together; None where there are none.
    """
    space = features if isinstance(features, Standardised) else Standardised.of(features.float())
    coordinates = space.coordinates
    if len(coordinates) == 0:
        return Solution(torch.zeros(task.outputs, len(space.mean)), torch.zeros(task.outputs), STRENGTHS[0])
    if len(coordinates) == 1 and strength is None:
        strength = STRENGTHS[0]
    if _is_large(coordinates, task):
        return _large(task, space, encoded, weights, seed, strength, units)
    scores: list[float] = []
    problem = SeveralHeads(task, coordinates, encoded, weights.float()[None])
    if strength is None:
        scores, both = _cross_validate(task, coordinates, encoded, weights, seed, units)
        strength = STRENGTHS[int(np.argmin(scores))]
        start = Point.at(problem, both)
    else:
        start = (
            towards(problem, strength)
            if near is None
            else Point.at(problem, space.on_coordinates(near.weight, near.bias))
        )
    answer = descend(problem, start, 1 / (strength * len(coordinates)), *FINE)
    return Solution(*space.unscaled(answer.both), strength, tuple(scores))


def _is_large(coordinates: Tensor, task: Task) -> bool:
    return len(coordinates) * task.outputs > LARGE


def _large(
    task: Task,
    space: Standardised,
    encoded: Tensor,
    weights: Tensor,
    seed: int,
    strength: float | None,
    units: np.ndarray | None,
) -> Solution:
    """The head of very many outputs, as near its optimum as on the way, under the penalty that suits a part of the
    task best.

    A penalty means the same to any number of classes: that of C on the sum of losses, ‖W‖² / 2C, which each class's
    weights carry for themselves. Where an example is of one class, W may be counted from a discriminant's.
    """
    coordinates, centre, scores = space.coordinates, None, list[float]()
    if encoded.dim() == 1 and not encoded.is_floating_point():
        centre, strength, scores = _rehearsed(task, coordinates, encoded, weights, seed, strength, units)
    elif strength is None:
        scores, _ = _cross_validate(task, coordinates, encoded, weights, seed, units)
        strength = STRENGTHS[int(np.argmin(scores))]
    problem = SeveralHeads(task, coordinates, encoded, weights.float()[None])
    penalty = 1 / (strength * len(coordinates))
    if centre is None:
        both = descend(problem, towards(problem, strength), penalty, *COARSE).both
    else:
        start = centre.heads(problem, Scatter.of(coordinates, encoded, task.outputs))
        both = start + descend(problem, Point.beyond(problem, start), penalty, *NEAR).both
    return Solution(*space.unscaled(both), strength, tuple(scores))


def _rehearsed(
    task: Task,
    coordinates: Tensor,
    encoded: Tensor,
    weights: Tensor,
    seed: int,
    known: float | None,
    units: np.ndarray | None,
) -> tuple[Centre | None, float, list[float]]:
    """On some of the classes: the discriminant that W is best counted from, or None for nought, the best strength and
    the held-out losses of the first. A `known` strength has the same centre again, and no losses."""
    part = task.narrowed(encoded, FEW, seed)
    rows, own = part.rows, None if units is None else units[part.rows.numpy()]
    problem, judged = _folds(part.task, coordinates[rows], part.encoded[rows], weights[rows], seed, own)
    others = torch.ones(len(encoded), dtype=torch.bool).index_fill(0, torch.arange(len(encoded))[part.rows], False)
    rehearsal = Rehearsal(problem, judged, Scatter.of(coordinates[others], encoded[others], task.outputs))
    centre, strength, scores = rehearsal.best(STRENGTHS if known is None else (known,), *NEAR)
    way = STRENGTHS if known is None else (*(s for s in STRENGTHS if s < known), known)
    plain, _ = _along(problem, judged, way)
    reached = plain if known is None else plain[len(way) - 1 :]
    if reached and min(reached) < min(scores):
        return None, way[plain.index(min(reached))], [] if known else plain
    return centre, strength, [] if known else scores


def predicted_seconds(examples: int, width: int, outputs: int) -> float:
    """About how long a core takes, from counting multiplications: (N, D) features, C outputs; one class each where
    outputs are very many."""
    if examples * outputs > LARGE:
        tried = 2 * TRIED * FOLDS[0][1] * FEW + 2 * FEWER * examples * outputs
        return tried * _rank(examples, width) / 2e10 + _factorising(examples, width)
    return seconds_of_several(_how_many(examples, outputs), examples, width, outputs)


def seconds_of_several(heads: int, examples: int, width: int, outputs: int) -> float:
    """About how long a core takes for so many heads on the same examples, each at every penalty."""
    products = 2 * 100 * heads * examples * _rank(examples, width) * outputs / 2e10
    return products + _factorising(examples, width) + 1e-6 * heads * examples * outputs


def _rank(examples: int, width: int) -> int:
    return min(width, examples) if examples <= TURNED else width


def _factorising(examples: int, width: int) -> float:
    """Seconds for the coordinates and for the factors of their second moments."""
    rank = _rank(examples, width)
    return (8 * rank**3 + min(examples, rank) ** 2 * width) / 3e10


def towards(problem: SeveralHeads, strength: float) -> Point:
    """Near the answer: from strong penalties to weaker ones, each from the last."""
    point = Point.at(problem, problem.start)
    for weaker in (s for s in STRENGTHS if s < strength):
        point = descend(problem, point, 1 / (weaker * len(problem.coordinates)), *COARSE)
    return point


def _cross_validate(
    task: Task, coordinates: Tensor, encoded: Tensor, weights: Tensor, seed: int, units: np.ndarray | None
) -> tuple[list[float], Tensor]:
    """Held-out loss for each strength, up to the first two worse than the best before them; the best one's head.

    All folds are solved as one problem, on all examples: those of its own fold have no weight for a head.
    """
    problem, judged = _folds(task, coordinates, encoded, weights, seed, units)
    scores, best = _along(problem, judged, STRENGTHS)
    return scores, best.view(len(judged), task.outputs, -1).mean(dim=0)


def _along(problem: SeveralHeads, judged: Tensor, strengths: Sequence[float]) -> tuple[list[float], Tensor]:
    """Held-out losses from strong penalties to weak, each from the last, and the heads of the best."""
    scores: list[float] = []
    point = Point.at(problem, problem.start)
    best = point.both
    for strength in strengths:
        point = descend(problem, point, 1 / (strength * len(problem.coordinates)), *COARSE)
        scores.append(problem.loss(point.outputs, judged))
        if scores[-1] == min(scores):
            best = point.both
        if len(scores) > 2 and min(scores[-2:]) > min(scores[:-2]):
            break
    return scores, best


def _folds(
    task: Task, coordinates: Tensor, encoded: Tensor, weights: Tensor, seed: int, units: np.ndarray | None
) -> tuple[SeveralHeads, Tensor]:
    """Every fold's head as one problem, and the weights (F, N) of the examples that each is judged by."""
    numbers = numbered(units, len(coordinates))
    held_out = _held_out(numbers, _how_many(len(coordinates), task.outputs), seed)
    share = held_out.mean(dim=1, keepdim=True)
    problem = SeveralHeads(task, coordinates, encoded, weights * (1 - held_out) / (1 - share))
    return problem, weights * held_out / share.sum()


def _how_many(count: int, outputs: int) -> int:
    """Folds, or 1 for one held-out part."""
    folds = next((number for below, number in FOLDS if count < below), 1)
    return min(folds, count) if folds * count * outputs <= LARGE else 1


def _held_out(numbers: np.ndarray, folds: int, seed: int) -> Tensor:
    """(F, N), 1 where an example is held out, with all of its unit of those `numbers`; once each where there are
    folds."""
    order = np.random.default_rng(seed).permutation(how_many(numbers))
    folds = min(folds, len(order))
    parts = np.array_split(order, folds) if folds > 1 else [order[: first_share(numbers, order, HELD_OUT)]]
    return torch.from_numpy(np.stack([np.isin(numbers, part) for part in parts])).float()
