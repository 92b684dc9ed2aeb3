"""A penalised head on directions, learnt from few examples of each class and from the names of the classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from headstart.core.units import numbered
from headstart.model.network import Network, set_linear
from headstart.strategies._descent import Point, descend
from headstart.strategies._several_heads import SeveralHeads
from headstart.strategies._solved_head import features_of
from headstart.tasks.base import Task
from headstart.training.workbench import Workbench

STRENGTHS = tuple(10.0**power for power in (-4, -3, -2.5, -2, -1.5, -1, -0.5, 0))
"""Inverse penalties tried, from strong to weak. Under a strong one the head is the prototypes, the mean of each
class; a weak one lets it look at what parts the classes."""

WEIGHTS = (1.0, 3.0)
"""Examples that a name counts for, tried by cross-validation."""

FOLDS = 5
COARSE, FINE = (1e-3, 30), (1e-5, 50)


def solve_with_names(network: Network, names: Tensor, bench: Workbench, keep: bool = True) -> None:
    """Give `network`, whose backbone is frozen, the head of :class:`Known` on the training examples and the names.

    Parameters
    ----------
    names : (C, D) directions of the names. keep : whether the features stay in the store.
    """
    features = functional.normalize(features_of(network, bench.frozen_part(network, keep).over(bench.train)), dim=1)
    with bench.stopwatch.lap("train"):
        given = functional.normalize(names.detach().cpu(), dim=1)
        balance = bench.task.balance(bench.targets)
        known = Known(bench.task, features, bench.targets, given, balance, bench.train.units)
        set_linear(network.head, *known.solved(*known.best(bench.seed)))
    network.head_is_new = False


@dataclass(frozen=True)
class Known:
    """What is known of C classes.

    Attributes
    ----------
    features : (N, D) of length 1. encoded : N places of their classes. names : (C, D), directions of length 1.
    weights : (N,) of the examples. units : (N,) int, the same for relatives, which share a fold; None without any.
    """

    task: Task
    features: Tensor
    encoded: Tensor
    names: Tensor
    weights: Tensor
    units: np.ndarray | None = None

    def best(self, seed: int) -> tuple[float, float]:
        """The inverse penalty, and the weight of a name, of least cross-validated loss."""
        held = self._held_out(seed)
        if held is None:
            return STRENGTHS[len(STRENGTHS) // 2], WEIGHTS[0]
        scores: dict[tuple[float, float], float] = {}
        for weight in WEIGHTS:
            problem = self._problem(self._shared(self._all_weights(weight) * (1 - held)))
            point = Point.at(problem, problem.start)
            tried: list[float] = []
            for strength in STRENGTHS:
                point = descend(problem, point, 1 / (strength * len(self.features)), *COARSE)
                tried.append(self._unseen_loss(point.outputs, held))
                scores[strength, weight] = tried[-1]
                if len(tried) > 3 and min(tried[-2:]) > min(tried[:-2]):
                    break
        return min(scores, key=lambda pair: scores[pair])

    def _unseen_loss(self, outputs: Tensor, held: Tensor) -> float:
        """The mean loss of what each example's fold, which did not see it, says of it, once calibrated.

        A strong penalty makes a head timid; as it is calibrated in the end, that shall not count against it.

        Parameters
        ----------
        outputs : (N + C, F C), the folds' side by side. held : (F, N + C).
        """
        count, folds = len(self.features), len(held)
        by_fold = outputs[:count].view(count, folds, -1)
        own = by_fold[torch.arange(count), held[:, :count].argmax(dim=0)]
        calibrated = self.task.calibrated(own, self.task.calibrate(own, self.encoded))
        return float(self.task.loss(calibrated, self.encoded, self.weights.float()))

    def solved(self, strength: float, weight: float) -> tuple[Tensor, Tensor]:
        """The head's weight (C, D) and bias (C,) on features of length 1."""
        problem = self._problem(self._shared(self._all_weights(weight)[None]))
        point = Point.at(problem, problem.start)
        for weaker in (s for s in STRENGTHS if s <= strength):
            point = descend(problem, point, 1 / (weaker * len(self.features)), *COARSE)
        point = descend(problem, point, 1 / (strength * len(self.features)), *FINE)
        return point.both[:, :-1] * self._stretch, point.both[:, -1]

    @property
    def _stretch(self) -> float:
        """Features of length 1 are stretched to the length of standardised ones, so that penalties mean the same."""
        return float(self.features.shape[1]) ** 0.5

    def _problem(self, weights: Tensor) -> SeveralHeads:
        both = torch.cat([self.features, self.names]) * self._stretch
        coordinates = torch.cat([both, torch.ones(len(both), 1)], dim=1)
        return SeveralHeads(self.task, coordinates, torch.cat([self.encoded, torch.arange(len(self.names))]), weights)

    def _all_weights(self, weight: float) -> Tensor:
        """(N + C,): those of the examples, and `weight` for each name."""
        return torch.cat([self.weights.float(), torch.full((len(self.names),), weight)])

    @staticmethod
    def _shared(weights: Tensor) -> Tensor:
        """Weights (F, N + C) with mean 1 in each row."""
        return weights / weights.mean(dim=1, keepdim=True)

    def _held_out(self, seed: int) -> Tensor | None:
        """(F, N + C), 1 where a fold holds an example out; names are never held out. None with too few examples."""
        random = np.random.default_rng(seed)
        numbers = numbered(self.units, len(self.features))
        classes = self.encoded.numpy()[np.unique(numbers, return_index=True)[1]]  # of the first example of each unit
        fold = np.zeros(len(classes), dtype=int)
        for place in range(len(self.names)):
            own = random.permutation(np.flatnonzero(classes == place))
            fold[own] = (np.arange(len(own)) + random.integers(FOLDS)) % FOLDS
        if len(np.unique(fold)) < FOLDS:
            return None
        held = torch.from_numpy(fold[numbers][None] == np.arange(FOLDS)[:, None]).float()
        return torch.cat([held, torch.zeros(FOLDS, len(self.names))], dim=1)
