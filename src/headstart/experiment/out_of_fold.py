"""What a linear head says of examples that it did not see: cross-validation whose folds keep relatives together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from headstart.strategies._descent import Point, descend
from headstart.strategies._linear_head import (
    COARSE,
    FINE,
    LARGE,
    STRENGTHS,
    Solution,
    seconds_of_several,
    towards,
)
from headstart.strategies._several_heads import SeveralHeads
from headstart.strategies._standardised import Standardised
from headstart.tasks.base import Part, Task

FOLDS = 5


def out_of_fold(
    task: Task,
    features: Tensor,
    encoded: Tensor,
    folds: np.ndarray,
    strengths: Sequence[float] | None = None,
    near: Sequence[Solution] = (),
) -> Tensor:
    """Outputs (N, C) of linear heads, each example's from the head that was solved without its fold.

    Parameters
    ----------
    features : (N, D). encoded : N encoded targets. folds : (N,) int64 from 0 on, none of them empty.
    strengths : the inverse penalty of each part of the task; that of least held-out loss unless given, as in
        :func:`headstart.strategies._linear_head.fit_linear_head`.
    near : a head of that strength for each part on all examples, from which the descents then start.
    """
    space = Standardised.of(features.float())
    parts = task.parts(encoded)
    known = dict(enumerate(strengths or ()))
    starts = {place: space.on_coordinates(head.weight, head.bias) for place, head in enumerate(near)}
    each = [
        _of_part(part, space.coordinates, folds, known.get(place), starts.get(place))
        for place, part in enumerate(parts)
    ]
    return torch.cat(each, dim=1)


def predicted_seconds(examples: int, width: int, outputs: int) -> float:
    """About how long a core takes: very many outputs are solved fold by fold, and no part of the classes tells what
    suits them."""
    return seconds_of_several(FOLDS, examples, width, outputs)


def _of_part(
    part: Part, coordinates: Tensor, folds: np.ndarray, strength: float | None, start: Tensor | None
) -> Tensor:
    """Outputs (N, C) of one part of a task; examples whose target is missing get an answer too."""
    task, encoded = part.task, part.encoded
    weights = torch.zeros(len(folds))
    # Of the mean over all examples the known ones make a share.
    weights[part.known] = task.balance(encoded[part.known]).float() * (len(folds) / max(len(part.rows), 1))
    place = torch.from_numpy(folds)
    outputs = torch.zeros(len(folds), task.outputs)
    count = int(folds.max()) + 1
    together = max(1, min(count, LARGE // outputs.numel()))  # folds solved as one problem, for the sake of memory
    for first in range(0, count, together):
        mine = range(first, min(first + together, count))
        held_out = torch.stack([(place == fold).float() for fold in mine])
        given = _held_out_outputs(part, coordinates, weights, held_out, strength, start)
        for fold, said in zip(mine, given, strict=True):
            outputs[place == fold] = said[place == fold]
    return outputs


def _held_out_outputs(
    part: Part,
    coordinates: Tensor,
    weights: Tensor,
    held_out: Tensor,
    strength: float | None,
    start: Tensor | None,
) -> Tensor:
    """(F, N, C): F heads that did not see what is 1 in `held_out` (F, N), at one `strength` or the best.

    Those of a strength start from `start` (C, R + 1) where it is given. Of a fold those count whose target is known.
    """
    known = max(len(part.rows), 1)
    share = held_out[:, part.known].sum(dim=1, keepdim=True) / known
    left = (1 - share).clamp(min=1 / known)  # a fold may hold all of them
    problem = SeveralHeads(part.task, coordinates, part.encoded, weights * (1 - held_out) / left)
    if strength is None:
        outputs = _of_least_loss(problem, weights * held_out / share.sum())
    else:
        # As the strength is meant: λ = 1 / (C n) for the n examples that a head learns from.
        learnt = known * float(left.mean())
        point = towards(problem, strength) if start is None else Point.at(problem, start.repeat(len(held_out), 1))
        outputs = descend(problem, point, 1 / (strength * learnt), *FINE).outputs
    return outputs.view(len(coordinates), len(held_out), -1).transpose(0, 1)


def _of_least_loss(problem: SeveralHeads, judged: Tensor) -> Tensor:
    """Outputs (N, F C) at the penalty of least loss on examples of the weights `judged` (F, N)."""
    point = Point.at(problem, problem.start)
    scores: list[float] = []
    best = point.outputs
    for strength in STRENGTHS:
        point = descend(problem, point, 1 / (strength * len(problem.coordinates)), *COARSE)
        scores.append(problem.loss(point.outputs, judged))
        if scores[-1] == min(scores):
            best = point.outputs.clone()
        if len(scores) > 2 and min(scores[-2:]) > min(scores[:-2]):
            break
    return best


def stratified_folds(strata: Sequence[str], units: np.ndarray, seed: int) -> np.ndarray | None:
    """Fold numbers (N,), five of about the same make-up, or as many as there are units; None where that is one.

    Larger units are placed first, each into the fold that has fewest of its commonest stratum, then fewest at all.

    Parameters
    ----------
    units : (N,) int; examples of one number share a fold.
    """
    members: dict[int, list[int]] = {}
    for row, unit in enumerate(units.tolist()):
        members.setdefault(unit, []).append(row)
    count = min(FOLDS, len(members))
    if count < 2:
        return None
    shuffled = np.random.default_rng(seed).permutation(len(members))
    rank = dict(zip(members, shuffled.tolist(), strict=True))
    sizes, made_of = [0] * count, [Counter[str]() for _ in range(count)]
    folds = np.zeros(len(units), dtype=np.int64)
    for unit in sorted(members, key=lambda unit: (-len(members[unit]), rank[unit])):
        own = Counter(strata[row] for row in members[unit])
        common = own.most_common(1)[0][0]
        fold = min(range(count), key=lambda fold: (made_of[fold][common], sizes[fold]))
        folds[members[unit]] = fold
        sizes[fold] += len(members[unit])
        made_of[fold].update(own)
    return folds
