"""How long a student is taught: what the teacher costs once and the student in every epoch, within the budget."""

from __future__ import annotations

import math

from headstart.pretraining import Plan

ENOUGH = 2048
"""Crops of an epoch, at least: of few pictures an epoch looks at several crops each."""

ROUNDS = 16
"""Epochs until crops are met again, at most: each of them costs a run of the teacher and its place in the store."""

FOR_THE_TEACHER = 0.3
"""The share of the time that the teacher's answers may take."""

LOOKS, FOR_LOOKS = 10, 0.15
"""Looks at the probe, at most, and the share of the time that they may take together."""

BATCH, RATE, RATE_ON = 64, 2e-3, 5e-4
"""Crops of a step, and AdamW's peak rate: for random weights, and for a student that has learnt before."""

BATCH_ON_GPU = 256
"""Crops of a step of a streamed course on a GPU; fewer do not fill it."""

SECONDS = 15.0
"""An epoch of a streamed course takes at least so long: after each its state is written."""

KEPT_BACK = 0.04
"""The share of the time that a streamed course leaves, for it must reach the end where its rate is nothing."""


def as_asked(pictures: int, epochs: int, rate: float) -> Plan:
    """The plan of so many `epochs`, whatever time they take."""
    return _plan(usual_epoch(pictures), epochs, epochs, rate)


def within(pictures: int, left: float, teacher_each: float, student_each: float, rate: float) -> Plan:
    """The plan that fills the time: epochs are shorter where the teacher could not answer for whole ones.

    Parameters
    ----------
    left : seconds. teacher_each, student_each : seconds for a crop, of the teacher once, of the student each time.
    """
    answered = answered_within(left, teacher_each)
    per_epoch = min(usual_epoch(pictures), max(BATCH, answered))
    rounds = max(1, min(ROUNDS, answered // per_epoch))
    while True:  # what the teacher does not need is the student's
        learning = left - rounds * per_epoch * teacher_each
        epochs = max(1, math.floor(learning / (per_epoch * student_each)))
        if epochs >= rounds:
            return _plan(per_epoch, rounds, epochs, rate)
        rounds = max(1, rounds - 1)


def streamed(usual: int, left: float, each: float, batch: int, rate: float, decoding: float = 0.0) -> Plan:
    """The plan of a streamed course that fills `left` seconds.

    Parameters
    ----------
    usual : crops of an epoch, at least, where there is time for them. each : seconds for a crop of both networks.
    decoding : seconds for the pictures of an epoch that come in the place of others; the first ones are there. An
        epoch learns from them for as long at least.
    """
    wanted = math.ceil(max(usual, SECONDS / each, decoding / each) / batch) * batch
    seconds = max(left, 0.0) * (1 - KEPT_BACK) + decoding
    epochs = max(1, math.floor(seconds / (wanted * each + decoding)))
    per_epoch = max(1, math.floor((seconds / epochs - decoding) / each) // batch) * batch
    return Plan(per_epoch * epochs, per_epoch, epochs, batch, rate)


def streamed_as_asked(usual: int, epochs: int, batch: int, rate: float) -> Plan:
    """The plan of a streamed course of so many `epochs` of `usual` crops, whatever time they take."""
    per_epoch = math.ceil(usual / batch) * batch
    return Plan(per_epoch * epochs, per_epoch, epochs, batch, rate)


def answered_within(left: float, teacher_each: float) -> int:
    """Crops that the teacher may answer for, at so many seconds each, where `left` seconds are left."""
    return math.floor(max(left, 0.0) * FOR_THE_TEACHER / max(teacher_each, 1e-9))


def looks_within(left: float, each: float) -> int:
    """Looks at the probe, at least one, that `left` seconds allow, at so many seconds each."""
    return max(1, min(LOOKS, math.floor(max(left, 0.0) * FOR_LOOKS / max(each, 1e-9))))


def usual_epoch(pictures: int, views: int = 1) -> int:
    """Crops of an epoch where time allows: as many of each picture as make it :data:`ENOUGH`, `views` at least."""
    return pictures * max(views, math.ceil(ENOUGH / pictures))


def _plan(per_epoch: int, rounds: int, epochs: int, rate: float) -> Plan:
    return Plan(min(rounds, ROUNDS) * per_epoch, per_epoch, epochs, min(BATCH, max(2, per_epoch // 4)), rate)
