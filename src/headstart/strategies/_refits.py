"""Refits of the linear head on growing shares of the examples: what a model learns from fewer of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from headstart.core.errors import UsageError
from headstart.strategies._descent import Point, descend
from headstart.strategies._linear_head import COARSE
from headstart.strategies._several_heads import SeveralHeads
from headstart.strategies._standardised import Standardised
from headstart.tasks.base import Task

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
    strength: float = 0.01,
) -> list[tuple[int, float]]:
    """The watched figure (accuracy, say) of linear heads that learnt from so many examples, on a fifth held out.

    Draw by draw: (examples learnt from, figure) for each of the shares, in their order. The smaller part of a draw
    lies within the larger one.

    Parameters
    ----------
    features : (N, D). targets : N encoded targets. shares : of the four fifths that a draw may learn from, rising.
    strength : the inverse penalty C of every head, λ = 1 / (C n), as it was chosen for the head on all examples.

    Raises
    ------
    UsageError : fewer than ten examples, or shares that do not rise within (0, 1].
    """
    if len(features) < 2 * FOLDS:
        raise UsageError(f"A learning curve needs at least {2 * FOLDS} examples, and there are {len(features)}.")
    if not shares or list(shares) != sorted(set(shares)) or shares[0] <= 0 or shares[-1] > 1:
        raise UsageError(f"shares={tuple(shares)}: they must rise within (0, 1], as {SHARES} do.")
    most = len(features) - -(-len(features) // FOLDS)  # what the draw with the largest fifth has left
    counts = [max(2, round(share * most)) for share in shares]
    curve = []
    drawn = list(_draws(len(features), draws, seed))
    for start in range(0, draws, FOLDS):
        parts = drawn[start : start + FOLDS]  # which hold out each example once
        outputs = [_outputs_at(counts, task, features, targets, *part, strength) for part in parts]
        truths = [targets[held_out] for _, held_out in parts]
        by_size = [_figures(task, [said[k] for said in outputs], truths) for k in range(len(counts))]
        curve += [
            (size, figures[j]) for j in range(len(parts)) for size, figures in zip(counts, by_size, strict=True)
        ]
    return curve


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


def _outputs_at(
    counts: Sequence[int],
    task: Task,
    features: Tensor,
    targets: Tensor,
    learnt: Tensor,
    held_out: Tensor,
    strength: float,
) -> list[Tensor]:
    """Outputs (M, C) for what is held out, of heads on the first `counts` of what may be learnt from."""
    heads = _heads_at(counts, task, features[learnt], targets[learnt], strength)
    return [features[held_out].float() @ weight.T + bias for weight, bias in heads]


def _heads_at(
    counts: Sequence[int], task: Task, features: Tensor, encoded: Tensor, strength: float
) -> Iterator[tuple[Tensor, Tensor]]:
    """Heads on the first `counts` of the examples: weight (C, D) and bias (C,). Each starts from the one before."""
    space = Standardised.of(features.float())
    both: Tensor | None = None
    for count in counts:
        weights = task.balance(encoded[:count]).float()[None]
        problem = SeveralHeads(task, space.coordinates[:count], encoded[:count], weights)
        start = Point.at(problem, problem.start if both is None else both)
        both = descend(problem, start, 1 / (strength * count), *COARSE).both
        yield space.unscaled(both)


def _draws(count: int, draws: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Random order of what may be learnt from, and what is held out."""
    random = np.random.default_rng(seed)
    parts: list[np.ndarray] = []
    for _ in range(draws):
        parts = parts or np.array_split(random.permutation(count), FOLDS)
        held_out = parts.pop()
        learnt = random.permutation(np.setdiff1d(np.arange(count), held_out))
        yield torch.from_numpy(learnt), torch.from_numpy(held_out)
