"""How long a network reads: passes over all passages within the budget, in epochs after which it may be looked at."""

from __future__ import annotations

import math

from headstart.backbones.base import Backbone
from headstart.pretraining import Plan

KEPT_BACK = 0.06
"""The share of the time that is left, for a course must reach the end where its rate is nothing."""

MOST_PASSES = 20
"""Over all passages, at most: what small networks gain of small collections is gained by then."""

LOOKS = 10
"""Epochs, at least, where there is time for so many."""

FRESH = 1e-2
"""AdamW's peak rate for random weights."""

USUAL_SIZE, FASTEST = 1e8, 1e-3
"""The number of parameters for which a backbone's own rate is meant; smaller ones learn faster, with the inverse root
of their size, but not at a higher rate than this."""


def rate_of(student: Backbone, goes_on: bool) -> float:
    """The peak rate where nobody names one."""
    if not goes_on:
        return FRESH
    size = sum(parameter.numel() for parameter in student.parameters())
    return min(FASTEST, student.learning_rate * max(1.0, math.sqrt(USUAL_SIZE / size)))


def reading_within(passages: int, left: float, each: float, batch: int, rate: float) -> Plan:
    """The plan that fills `left` seconds at `each` seconds for a passage, with :data:`MOST_PASSES` at most."""
    total = max(batch, math.floor(max(left, 0.0) * (1 - KEPT_BACK) / each))
    total = min(total, MOST_PASSES * passages)
    usual = passages * max(1, total // passages // LOOKS) if total >= LOOKS * passages else total / LOOKS
    per_epoch = min(passages * MOST_PASSES, max(batch, math.ceil(usual / batch) * batch))
    return Plan(passages, per_epoch, max(1, round(total / per_epoch)), batch, rate)


def reading_as_asked(passages: int, epochs: int, batch: int, rate: float) -> Plan:
    """The plan of so many passes, whatever time they take."""
    return Plan(passages, passages, epochs, batch, rate)
