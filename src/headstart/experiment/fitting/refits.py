"""What fewer examples would have given: refits of a linear head on stored features, for the learning curve."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from headstart.backbones.base import Backbone
from headstart.core.arrays import bytes_of, joined
from headstart.core.files import digest
from headstart.core.units import how_many, numbered
from headstart.diagnosis.base import LEARNT, Evidence
from headstart.model.network import Network
from headstart.strategies._kept_heads import SOLVER
from headstart.strategies._refits import FOLDS, accuracy_at_shares, predicted_seconds
from headstart.strategies._solved_head import solve_head
from headstart.training.workbench import Workbench

OF_THE_BUDGET = 0.03
"""The refits may take this share of the budget; beyond it there is no curve."""

FEWEST_OF_A_CLASS = 4
"""On average: with fewer, small shares miss whole classes, and their curve foretells nothing."""

Curve = list[tuple[int, float]]
"""(examples learnt from, watched figure) of heads on growing shares."""


def curve_of(
    evidence: Evidence,
    bench: Workbench,
    backbone: Backbone,
    units: np.ndarray | None = None,
    judging: np.ndarray | None = None,
) -> Callable[[], Curve]:
    """What gives the curve, to be called beside other work: it runs no network.

    The curve is empty where features, time or examples of a class are wanting; heads that read maps have
    none, for nothing solves them. Its heads have the penalty that was found for the one on
    the frozen `backbone`.

    Parameters
    ----------
    units, judging : of the training and the validation examples, as for
        :func:`headstart.strategies._refits.accuracy_at_shares`.
    """
    if bench.task.reads_maps:
        return list
    parts = [name for name in LEARNT if name in evidence.features]
    features = joined([evidence.features[name] for name in parts]) if parts else np.zeros((0, 0))
    if not len(features) or how_many(numbered(units, len(features))) < 2 * FOLDS:
        return list
    targets = bench.task.encode([target for name in parts for target in evidence.targets[name]])
    if _misses_classes(targets):
        return list
    if predicted_seconds(len(features), features.shape[1], bench.task.outputs) > OF_THE_BUDGET * bench.deadline:
        return list
    strength = strength_of(backbone, bench)
    return partial(_kept_curve, torch.from_numpy(features), targets, bench, strength, units, judging)


def _misses_classes(targets: Tensor) -> bool:
    """Whether shares of examples with these encoded `targets` would miss classes, where they are classes."""
    is_class = targets.dim() == 1 and not targets.is_floating_point()
    return is_class and len(targets) < FEWEST_OF_A_CLASS * len(targets.unique())


def strength_of(backbone: Backbone, bench: Workbench) -> list[float]:
    """The inverse penalty found for the head on `backbone`, which this freezes; a head kept is not solved again.

    One for each part of the task.
    """
    frozen = backbone.requires_grad_(False).eval()
    solution = solve_head(Network(frozen, bench.task.head(backbone.feature_size)), bench)
    return [head.strength for head in solution.each]


def _kept_curve(
    features: Tensor,
    targets: Tensor,
    bench: Workbench,
    strength: Sequence[float],
    units: np.ndarray | None,
    judging: np.ndarray | None,
) -> Curve:
    """The curve, from an earlier fit where it had the same features, targets and relatives."""
    kin = [b"" if each is None else bytes_of(each) for each in (units, judging)]
    of = (bench.task.digest(targets), bytes_of(features.numpy()), str(bench.seed), str(strength), *kin)
    kept, name = bench.kept, digest("learning curve 2", SOLVER, *of)
    with contextlib.suppress(ValueError):  # never kept, or torn by a power cut
        return [(int(count), float(figure)) for count, figure in json.loads(kept.read(name) or b"")]
    with bench.stopwatch.lap("train"):
        curve = accuracy_at_shares(
            features, targets, bench.task, seed=bench.seed, strength=strength, units=units, judging=judging
        )
    kept.keep(name, json.dumps(curve).encode())
    return curve
