"""How many epochs of a rung the budget holds, and whether it then holds training once more on every example."""

from __future__ import annotations

import math
from dataclasses import dataclass

FEWEST = 2
"""A rung is shortened to fit the budget, but never to fewer epochs than this."""

ENOUGH = 0.6
"""Training once more on the held-out examples too is worth more than the last epochs, down to this share of them."""


@dataclass(frozen=True)
class Plan:
    """Epochs to train, and whether there is room to train as many once more on every example."""

    epochs: int
    with_all: bool


def plan(epochs: int, seconds: float, left: float, held_out_share: float) -> Plan:
    """The epochs of a rung that fit into `left` seconds, of `epochs` that take `seconds`.

    Parameters
    ----------
    held_out_share : how many examples are held out for each that is learnt from, which makes the second training so
        much longer.
    """
    fitting = epochs * left / max(seconds, 1e-9)
    both = math.floor(fitting / (2 + held_out_share))
    if both >= max(FEWEST, math.ceil(ENOUGH * epochs)) or both >= epochs:
        return Plan(min(epochs, both), True)
    return Plan(max(min(epochs, math.floor(fitting)), min(epochs, FEWEST)), False)
