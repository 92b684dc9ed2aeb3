"""How many epochs of a rung the budget holds, and of training it once more on every example."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from headstart.training.cost import Cost

FEWEST = 2
"""A rung is shortened to fit the budget, but never to fewer epochs than this."""

ENOUGH = 0.6
"""Training once more on the held-out examples too is worth more than the last epochs, down to this share of them."""

IN_HAND = 0.1
"""How much longer than the first the second training may take for each of its epochs, without overrunning."""


@dataclass(frozen=True)
class Plan:
    """Epochs to train, and whether there is room to train as many steps once more on every example."""

    epochs: int
    with_all: bool


@dataclass(frozen=True)
class Trained:
    """A trained rung: its best number of epochs, and the seconds that each took (0 where nothing was trained)."""

    epochs: int
    seconds: float


def plan(epochs: int, cost: Cost, left: float, held_out_share: float, again: bool = True) -> Plan:
    """The epochs of a rung that fit into `left` seconds, of `epochs` at this `cost`.

    `held_out_share` is how many examples are held out for each that is learnt from. `again` is False where none are,
    so that the rung is not trained once more on every example.
    """
    once = _most(epochs, left, cost.of)
    if not again:
        return Plan(_fewer(epochs, once), True)
    both = _most(epochs, left, lambda n: cost.of(n) + _second(n, cost, held_out_share))
    if both >= max(FEWEST, math.ceil(ENOUGH * epochs)) or both >= epochs:
        return Plan(both, True)
    return Plan(_fewer(epochs, once), False)


def least(cost: Cost) -> float:
    """Seconds that a rung takes at the very least which is dearer than one of this `cost`."""
    return FEWEST * cost.epoch


def epochs_on_all(trained: Sequence[Trained], left: float, held_out_share: float) -> list[int] | None:
    """How many epochs over every example each rung is trained for, so that all fit into `left` seconds.

    As many as were best without the held-out examples, else as many steps; None where not even those fit.
    """
    longer = (1 + held_out_share) * (1 + IN_HAND)
    as_many = [rung.epochs for rung in trained]
    for epochs in (as_many, [same_steps(n, held_out_share) for n in as_many]):
        seconds = sum(n * rung.seconds * longer for n, rung in zip(epochs, trained, strict=True))
        if not seconds or seconds <= left:
            return epochs
    return None


def same_steps(epochs: int, held_out_share: float) -> int:
    """The epochs over every example that make as many steps as `epochs` over those learnt from, rounded."""
    return max(1, round(epochs / (1 + held_out_share)))


def _most(epochs: int, left: float, seconds: Callable[[int], float]) -> int:
    """The most epochs, of `epochs`, that take no more than is `left`; 0 where none do."""
    return max((n for n in range(1, epochs + 1) if seconds(n) <= left), default=0)


def _fewer(epochs: int, fitting: int) -> int:
    """As many of `epochs` as are `fitting`, but not fewer than :data:`FEWEST`."""
    return max(fitting, min(epochs, FEWEST))


def _second(epochs: int, cost: Cost, held_out_share: float) -> float:
    """Seconds that training as many steps once more takes, over every example."""
    return (1 + IN_HAND) * cost.more(same_steps(epochs, held_out_share), held_out_share)
