"""Solves the head of a network on stored features: the linear probe from which every strategy starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional

from headstart.core.threads import spread
from headstart.frozen._running import torch_threads
from headstart.frozen.activations import Activations, FrozenPart
from headstart.frozen.stacked import filled
from headstart.model.network import Network, set_linear
from headstart.strategies._kept_heads import keep, name_of, solved_before
from headstart.strategies._linear_head import Solution, fit_linear_head, side_by_side
from headstart.strategies._standardised import Standardised
from headstart.strategies._trained_head import train_head
from headstart.training.workbench import Workbench

TOGETHER = 2**25
"""Numbers in the features of heads that are solved side by side; in single precision, 128 MiB."""


def solve_head(network: Network, bench: Workbench) -> Solution:
    """Give `network`, whose backbone is frozen, the linear head of least held-out loss; returns how it was found.

    A head that was solved already is taken as it is. One on every example takes over the penalty that was found
    without the held-out ones, and starts from the head that it was found for. The head of each part of a task is
    solved for itself, as if it were the only one.
    """
    part = bench.frozen_part(network)
    features_digest = part.space(bench.train, 0).folder.name
    shared = _Shared(network, part, bench)
    solutions = []
    for alone, of in zip(bench.parts(), bench.task.parts(bench.targets), strict=True):
        name = name_of(alone, features_digest, network.depths)
        solution = solved_before(alone, name)
        if solution is None:
            before = None
            if alone.compared is not None:
                before = solved_before(alone.compared, name_of(alone.compared, features_digest, network.depths))
            solution = shared.solved(alone, of.rows, before)
            keep(alone, name, solution)
        solutions.append(solution)
    solution = side_by_side(solutions)
    set_linear(network.head, solution.weight, solution.bias)
    network.head_is_new = False
    return solution


def solve_heads(networks: Sequence[Network], bench: Workbench) -> list[Solution]:
    """:func:`solve_head` for each of `networks`; side by side where all their features fit into memory.

    A descent is many small steps, of which two at once make better use of two processors than one of both. Where
    features are not stored it is one after the other, with as many threads for each: the answer is the same.
    """
    small = sum(network.head_features for network in networks) * len(bench.train) <= TOGETHER
    if len(networks) < 2 or not small:
        return [solve_head(network, bench) for network in networks]
    stored = all(bench.frozen_part(network).missing(bench.train) == 0 for network in networks)
    with torch_threads(max(1, torch.get_num_threads() // len(networks))):
        if not stored:
            return [solve_head(network, bench) for network in networks]
        return spread(lambda network: solve_head(network, bench), networks, alone=True)


class _Shared:
    """What heads on the same features have in common: these, and their scale; made when the first head needs them."""

    def __init__(self, network: Network, part: FrozenPart, bench: Workbench) -> None:
        self.network, self.part, self.bench = network, part, bench

    def solved(self, alone: Workbench, rows: Tensor, before: Solution | None) -> Solution:
        """The head of one part of the task, whose bench is `alone` and whose examples are the `rows` of all.

        Parameters
        ----------
        before : the head without the held-out examples, where there is one.
        """
        whole = len(rows) == len(self._activations)
        with self.bench.stopwatch.lap("train"):
            features = self._space if whole else self._features[rows]
            weights = alone.task.balance(alone.targets)
            strength = before.strength if before else None
            units = alone.train.units
            return fit_linear_head(alone.task, features, alone.targets, weights, alone.seed, strength, before, units)

    @cached_property
    def _activations(self) -> Activations:
        return self.part.over(self.bench.train)

    @cached_property
    def _space(self) -> Standardised:
        return Standardised.within(_room_of(self.network, self._activations))

    @cached_property
    def _features(self) -> Tensor:
        return features_of(self.network, self._activations)


def start_from_solved_head(network: Network, bench: Workbench) -> None:
    """Solve the head if it has not learnt yet, so that training does not distort the backbone to suit a random one
    (LP-FT, Kumar et al. 2022, arXiv:2202.10054). One that reads maps is trained instead."""
    if network.head_is_new:
        network.requires_grad_(False).eval()
        (train_head if network.maps else solve_head)(network, bench)


def features_of(network: Network, activations: Activations) -> Tensor:
    """What the head reads, for all examples: (N, D)."""
    return filled(len(activations), _parts(network, activations))


def _room_of(network: Network, activations: Activations) -> Tensor:
    """The same with one more column, (N, D + 1) float32, in which all coordinates of the features can stand."""
    parts = _parts(network, activations)
    return filled(len(activations), (functional.pad(part.float(), (0, 1)) for part in parts))


def _parts(network: Network, activations: Activations) -> Iterator[Tensor]:
    """Features of some examples after the other."""
    frontier, depths = activations.part.frontier, network.depths
    read = (lambda batch: torch.cat([batch[name] for name in depths], dim=1)) if depths else frontier.trained
    return (read(batch) for batch in activations.batches(1024))
