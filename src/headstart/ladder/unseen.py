"""What a rung says of examples that it did not see, where too few are there to hold any out: fold by fold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from headstart.ladder.step import Step
from headstart.model.network import Network
from headstart.strategies.base import Climbed, Rung
from headstart.training.workbench import Workbench

FOR_TUNING = 3
"""Folds by which a rung that trains the backbone is judged: of five it would train for twice as long. Each has learnt
from fewer examples than those of other rungs, which is no advantage to it."""


def folds_of(rung: Rung, folds: np.ndarray) -> np.ndarray:
    """The folds (N,) by which `rung` is judged: those that there are, or some of them joined."""
    numbers = np.unique(folds, return_inverse=True)[1]
    return numbers % FOR_TUNING if rung.reach else numbers


def times_climbed(rung: Rung, folds: np.ndarray | None) -> int:
    """How often as much as once on every example `rung` is climbed: with k folds k times (k - 1) / k, and on all."""
    return 1 if folds is None else len(np.unique(folds_of(rung, folds)))


def unseen_outputs(step: Step, start: Network, climbed: Climbed, bench: Workbench, folds: np.ndarray) -> Tensor:
    """Outputs (N, C) for the training examples, each by a network that learnt from the other folds only.

    Parameters
    ----------
    start : what the rung continues from. climbed : the rung as it was climbed on every example; one that learns from
        none has seen none.
    """
    if not step.rung.learns:
        return bench.outputs(climbed.network, bench.train, keep=True)
    outputs: list[Tensor] = []
    folds = folds_of(step.rung, folds)
    places = [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
    for number, held in enumerate(places):
        others = np.setdiff1d(np.arange(len(folds)), held)
        learning = replace(bench.learning(others), folder=bench.folder / f"fold-{number}")
        prepared = step.strategy.prepare(step.rung, start, learning)
        network = step.strategy.climb(step.strategy.again(prepared, climbed.best_epochs), learning).network
        outputs.append(bench.outputs(network, bench.train.select(held.tolist()), keep=not step.tunes(climbed)))
    order = torch.from_numpy(np.argsort(np.concatenate(places)))
    return torch.cat(outputs)[order]
