"""What a rung says of examples that it did not see, where too few are there to hold any out: fold by fold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from headstart.ladder.step import Step
from headstart.model.network import Network
from headstart.strategies.base import Climbed
from headstart.training.workbench import Workbench


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
    places = [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
    for number, held in enumerate(places):
        others = np.setdiff1d(np.arange(len(folds)), held)
        learning = replace(bench.learning(others), folder=bench.folder / f"fold-{number}")
        prepared = step.strategy.prepare(step.rung, start, learning)
        network = step.strategy.climb(step.strategy.again(prepared, climbed.best_epochs), learning).network
        outputs.append(bench.outputs(network, bench.train.select(held.tolist()), keep=not step.tunes(climbed)))
    order = torch.from_numpy(np.argsort(np.concatenate(places)))
    return torch.cat(outputs)[order]
