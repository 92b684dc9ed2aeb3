"""What a model is calibrated on: answers to examples by a head that had not seen them, of as many as can be had."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from headstart.core.arrays import bytes_of
from headstart.core.files import digest
from headstart.delivery.guard import Compared
from headstart.experiment.material import Material
from headstart.experiment.out_of_fold import out_of_fold, predicted_seconds
from headstart.ladder.ladder import Ascent
from headstart.model.network import Network
from headstart.strategies._kept_heads import SOLVER
from headstart.strategies._kept_outputs import keep_outputs, outputs_before
from headstart.strategies._linear_head import Solution
from headstart.strategies._solved_head import features_of, solve_head
from headstart.training.workbench import Workbench

ENOUGH = 1000
"""So many held-out examples do: the bar for 90 % that they give covers between 88 and 92 % (19 times in 20)."""

OF_THE_BUDGET = 0.03
"""What heads out of fold may take of it."""


def unseen(material: Material, bench: Workbench, ascent: Ascent) -> Compared:
    """The held-out examples by the network as it was compared; or, where they are few, every example out of fold.

    Where the kept head was solved on frozen features of every example, the same head is solved without each fold in
    turn, at the same penalty, so that all examples tell how sure to be (cross-conformal prediction, Vovk 2015,
    arXiv:1208.0806; CV+, Barber et al. 2021, arXiv:1905.02928). The bar for 90 % that 75 examples give covers between
    83 and 96 %, that of 374 between 87 and 93 % (Beta(k, n + 1 - k), Vovk 2012).
    """
    task, rows = material.task, material.split.compared
    held_out = Compared(ascent.landings[ascent.chosen].outputs, task.encode(material.targets(rows)))
    if not _few_were_held_out(bench, ascent):
        return held_out
    whole = bench.whole()
    width = ascent.network.head_features
    if predicted_seconds(len(whole.train), width, task.outputs) > OF_THE_BUDGET * bench.deadline:
        return held_out
    rows = np.concatenate([material.split.train, material.split.validation])
    folds = material.folds(rows, bench.seed)
    solution = None if folds is None else _solved(ascent.network, whole)
    if folds is None or solution is None:
        return held_out
    judged = torch.from_numpy(material.judging(rows))
    return Compared(_outputs(ascent.network, whole, solution, folds)[judged], whole.targets[judged], out_of_fold=True)


def _few_were_held_out(bench: Workbench, ascent: Ascent) -> bool:
    """Whether fewer than enough were, and the kept network, frozen but for its head, has learnt from them since."""
    frozen = not ascent.landings[ascent.chosen].tuned and not bench.task.reads_maps
    return frozen and ascent.trained_on_all and bench.validation is not None and len(bench.validation) < ENOUGH


def _solved(network: Network, whole: Workbench) -> Solution | None:
    """How the head of `network` was solved on every example; None where it came about in another way."""
    again = Network(network.backbone, whole.task.head(network.head_features), network.depths)
    solution = solve_head(again, whole)
    ours, theirs = (each.head.state_dict() for each in (network, again))
    same = ours.keys() == theirs.keys() and all(torch.equal(ours[k].cpu(), theirs[k].cpu()) for k in ours)
    return solution if same else None


def _outputs(network: Network, whole: Workbench, solution: Solution, folds: np.ndarray) -> Tensor:
    """Outputs (N, C) out of fold, from an earlier fit where it had the same features, targets and folds."""
    part = whole.frozen_part(network)
    strengths = [head.strength for head in solution.each]
    of = (part.space(whole.train, 0).folder.name, *network.depths, str(strengths), digest(*whole.train.keys))
    name = digest("calibration 3", SOLVER, whole.task.digest(whole.targets), bytes_of(folds), *of)
    outputs = outputs_before(whole.kept, name)
    if outputs is None:
        features = features_of(network, part.over(whole.train))
        with whole.stopwatch.lap("train"):
            outputs = out_of_fold(whole.task, features, whole.targets, folds, strengths, solution.each)
        keep_outputs(whole.kept, name, outputs)
    return outputs
