"""Solves the head of a network on stored features: the linear probe from which every strategy starts."""

from __future__ import annotations

import torch
from torch import Tensor

from headstart.frozen.activations import Activations, filled
from headstart.model.network import Network, set_linear
from headstart.strategies._kept_heads import keep, name_of, solved_before
from headstart.strategies._linear_head import Solution, fit_linear_head
from headstart.training.workbench import Workbench


def solve_head(network: Network, bench: Workbench) -> Solution:
    """Give `network`, whose backbone is frozen, the linear head of least held-out loss; returns how it was found.

    A head that was solved already is taken as it is. One on every example takes over the penalty that was found
    without the held-out ones, and starts from the head that it was found for.
    """
    part = bench.frozen_part(network)
    features_digest = part.space(bench.train, 0).folder.name
    name = name_of(bench, features_digest, network.depths)
    solution = solved_before(bench, name)
    if solution is None:
        before = None
        if bench.compared is not None:
            before = solved_before(bench.compared, name_of(bench.compared, features_digest, network.depths))
        activations = part.over(bench.train)
        with bench.stopwatch.lap("train"):
            features = features_of(network, activations)
            weights = bench.task.balance(bench.targets)
            strength = before.strength if before else None
            solution = fit_linear_head(bench.task, features, bench.targets, weights, bench.seed, strength, before)
        keep(bench, name, solution)
    set_linear(network.head, solution.weight, solution.bias)
    network.head_is_new = False
    return solution


def start_from_solved_head(network: Network, bench: Workbench) -> None:
    """Solve the head if it has not learnt yet, so that training does not distort the backbone to suit a random one
    (LP-FT, Kumar et al. 2022, arXiv:2202.10054)."""
    if network.head_is_new:
        network.requires_grad_(False).eval()
        solve_head(network, bench)


def features_of(network: Network, activations: Activations) -> Tensor:
    """What the head reads, for all examples: (N, D)."""
    frontier, depths = activations.part.frontier, network.depths
    read = (lambda batch: torch.cat([batch[name] for name in depths], dim=1)) if depths else frontier.trained
    return filled(len(activations.inputs), (read(batch) for batch in activations.batches(1024)))
