"""Refits of the linear head on growing shares of the examples: what a model learns from fewer of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from headstart.core.errors import UsageError
from headstart.core.units import how_many, numbered, rows_of
from headstart.strategies._descent import Point, descend
from headstart.strategies._linear_head import COARSE, LARGE, seconds_of_several
from headstart.strategies._several_heads import SeveralHeads
from headstart.strategies._standardised import Standardised
from headstart.tasks.base import Part, Task

SHARES = (0.125, 0.25, 0.5, 0.75, 1.0)
DRAWS = 5
FOLDS = 5
"""Each draw holds a fifth out; five draws in a row hold out every example once."""


def accuracy_at_shares(
    features: Tensor,
    targets: Tensor,
    task: Task,
    shares: Sequence[float] = SHARES,
    draws: int = DRAWS,
    seed: int = 0,
    strength: float | Sequence[float] = 0.01,
    units: np.ndarray | None = None,
    judging: np.ndarray | None = None,
) -> list[tuple[int, float]]:
    """The watched figure (accuracy, say) of linear heads that learnt from so many examples, on a fifth held out.

    Draw by draw: (examples learnt from, figure) for each of the shares, in their order. The smaller part of a draw
    lies within the larger one.

    Parameters
    ----------
    features : (N, D). targets : N encoded targets. shares : of the four fifths that a draw may learn from, rising.
    strength : the inverse penalty C of every head, λ = 1 / (C n), as it was chosen for the head on all examples; one
        for each part of a task that has several.
    units : (N,) int, the same for relatives, which are learnt from together and held out together; None without any.
    judging : (N,) bool, what is judged where it is held out: all of it unless given.

    Raises
    ------
    UsageError : fewer than ten examples, relatives counting as one, or shares that do not rise within (0, 1].
    """
    numbers = numbered(units, len(features))
    if how_many(numbers) < 2 * FOLDS:
        raise UsageError(
            f"A learning curve needs at least {2 * FOLDS} examples, and there are {how_many(numbers)} (relatives "
            "count as one)."
        )
    if not shares or list(shares) != sorted(set(shares)) or shares[0] <= 0 or shares[-1] > 1:
        raise UsageError(f"shares={tuple(shares)}: they must rise within (0, 1], as {SHARES} do.")
    drawn = list(_draws(numbers, draws, seed))
    if judging is not None:
        drawn = [(learnt, held[torch.from_numpy(judging)[held]]) for learnt, held in drawn]
    most = min(len(learnt) for learnt, _ in drawn)  # what the draw with the largest fifth has left
    counts = [max(2, round(share * most)) for share in shares]
    held_out = [held for _, held in drawn]
    coordinates, parts = Standardised.of(features.float()).coordinates, task.parts(targets)
    strengths = [strength] * len(parts) if isinstance(strength, int | float) else list(strength)
    told = [_outputs(part, coordinates, drawn, counts, of) for part, of in zip(parts, strengths, strict=True)]
    outputs = [
        [torch.cat(of_draw, dim=1) for of_draw in zip(*of_size, strict=True)] for of_size in zip(*told, strict=True)
    ]
    curve = []
    for start in range(0, draws, FOLDS):
        some = range(start, min(start + FOLDS, draws))  # which hold out each example once
        truths = [targets[held_out[j]] for j in some]
        by_size = [_figures(task, [of_each[j] for j in some], truths) for of_each in outputs]
        curve += [(size, figures[j]) for j in range(len(some)) for size, figures in zip(counts, by_size, strict=True)]
    return curve


def predicted_seconds(examples: int, width: int, outputs: int) -> float:
    """About how long a core takes, each size being a penalty as it were; every draw has a head of its own."""
    return seconds_of_several(DRAWS, examples, width, outputs)


def _figures(task: Task, outputs: list[Tensor], truths: list[Tensor]) -> list[float]:
    """The watched figure of each part, as it would be among as many examples as all J parts hold together.

    Figures that are no means over examples, such as macro-F1 with many classes, come out otherwise on fewer of them.
    So these are the jackknife's pseudo-values (Tukey 1958): J times the figure of all minus J - 1 times that without
    the part. For a mean, and parts of one size, that is the figure of the part.
    """
    count = len(outputs)

    def figure(rows: Sequence[int]) -> float:
        return task.value(task.watched, torch.cat([outputs[j] for j in rows]), torch.cat([truths[j] for j in rows]))

    whole = figure(range(count))
    if count == 1:
        return [whole]
    return [
        count * whole - (count - 1) * figure([j for j in range(count) if j != left_out]) for left_out in range(count)
    ]


def _outputs(
    part: Part, coordinates: Tensor, drawn: Sequence[tuple[Tensor, Tensor]], counts: Sequence[int], strength: float
) -> list[list[Tensor]]:
    """By size and draw, the outputs (M, C) for what is held out, of the head on the first so many of what is learnt.

    Heads of several draws and one size are one problem. All sizes and draws have the features scaled alike, so that
    their second moments are taken once; it takes no target to scale them.
    """
    task, examples = part.task, len(coordinates)
    whole = SeveralHeads(task, coordinates, part.encoded, torch.ones(1, examples))
    together = max(1, LARGE // (examples * task.outputs))  # draws in one problem, for the sake of memory
    outputs: list[list[Tensor]] = [[] for _ in counts]
    for start in range(0, len(drawn), together):
        some = drawn[start : start + together]
        both: Tensor | None = None
        for count, of_each in zip(counts, outputs, strict=True):
            problem = whole.weighted(torch.stack([_weights(part, learnt[:count]) for learnt, _ in some]))
            # Each starts from the one before.
            point = Point.at(problem, problem.start if both is None else both)
            learnt_from = np.mean([max(1, int(part.known[learnt[:count]].sum())) for learnt, _ in some])
            point = descend(problem, point, 1 / (strength * float(learnt_from)), *COARSE)
            both = point.both
            said = point.outputs.view(examples, len(some), -1)
            of_each += [said[held_out, j] for j, (_, held_out) in enumerate(some)]
    return outputs


def _weights(part: Part, learnt: Tensor) -> Tensor:
    """(N,) with which the mean over all examples is that over those of `learnt` with a target, balanced."""
    weights, known = torch.zeros(len(part.known)), learnt[part.known[learnt]]
    weights[known] = part.task.balance(part.encoded[known]).float() * (len(weights) / max(len(known), 1))
    return weights


def _draws(numbers: np.ndarray, draws: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Random order of what may be learnt from, one unit of those `numbers` after the other, and what is held out."""
    random = np.random.default_rng(seed)
    parts: list[np.ndarray] = []
    for _ in range(draws):
        parts = parts or np.array_split(random.permutation(how_many(numbers)), FOLDS)
        held_out = parts.pop()
        learnt = random.permutation(np.setdiff1d(np.arange(how_many(numbers)), held_out))
        yield torch.from_numpy(rows_of(numbers, learnt)), torch.from_numpy(rows_of(numbers, held_out))
