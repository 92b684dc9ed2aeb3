"""How many examples an engine runs at once: more where it has room for them, fewer where a cache holds only those."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import replace

import torch

from headstart.core.engine_choice import EngineTrial
from headstart.core.errors import first_line
from headstart.frozen._running import SHORT
from headstart.frozen._trial import CLEARLY, OUTLAY, TIMED, Trial, disagreement
from headstart.frozen.engines.base import Tensors, agreement

GROWTH, LARGEST = 4, 512
"""Batches are tried that are so many times larger, as long as they are clearly faster, up to so many examples."""

GAIN = 1.08
"""How many times faster half a batch must be: in the median of rounds in which it and the whole run in turn."""

ROUNDS = 5
SPENT = 0.05
"""Those rounds may take this share of the work ahead."""

LONG = 0.01
"""Seconds that a batch must take for its halves to be told from it."""


def tune_batch(trial: Trial) -> None:
    """Find how many usual batches the engine that `trial` prefers runs at once."""
    if not trial.worth:
        return
    on_cpu = trial.part.device.type == "cpu"
    # One thread is busy with a small batch as it is, and its caches hold no larger one.
    if not on_cpu or trial.best.threads > 1:
        _larger(trial)
    if on_cpu and trial.running.times == 1:
        _half(trial)


def _larger(trial: Trial) -> None:
    """More examples at once, where that is clearly faster, as on a GPU: a small batch leaves it idle.

    What is prepared anew for each size must pay for that too: on a GPU it takes seconds, which 2,000 photos do not.
    """
    times, most = GROWTH, OUTLAY * trial.work
    again = trial.running.preparation if trial.running.engine.planned_by_size else 0.0
    while trial.size * times <= LARGEST and again + trial.size * times * TIMED * trial.best.seconds <= most:
        batch = _Batch(trial, _repeated(trial.sample, times), _repeated(trial.expected, times))
        seconds = _tried(trial, batch, batch.best_seconds)
        if seconds is None or not _judged(trial, times, seconds, seconds * CLEARLY < trial.best.seconds):
            return
        times *= GROWTH


def _half(trial: Trial) -> None:
    """Half as many, where that is surely faster: the buffers of a large picture's layers then fit into a cache."""
    long = trial.size > 1 and trial.size * trial.best.seconds >= LONG
    if not long or 2 * ROUNDS * trial.size > SPENT * trial.ahead:
        return
    whole = _Batch(trial, trial.sample, trial.expected)
    half = _Batch(trial, _first(trial.sample, trial.size // 2), _first(trial.expected, trial.size // 2))
    rounds: list[tuple[float, float]] = []
    seconds = _tried(trial, half, lambda: _in_turn(half, whole, rounds))
    if seconds is not None:
        gain = statistics.median(other / one for one, other in rounds)
        _judged(trial, half.size / whole.size, seconds, gain >= GAIN)


class _Batch:
    """A batch of the trial's engine, with what plain PyTorch gives for it."""

    def __init__(self, trial: Trial, batch: Tensors, expected: Tensors) -> None:
        self._trial, self._batch, self._expected = trial, batch, expected
        self.size = len(next(iter(batch.values())))

    def seconds(self) -> float:
        """Seconds an example of one run.

        Raises
        ------
        ValueError : it gave something else; an engine's library may raise anything besides.
        """
        given, seconds = self._trial.timed(self._trial.running, self._batch)
        found, allowed = agreement(self._expected, given), self._trial.running.engine.tolerance
        if not found.within(allowed):
            raise ValueError(disagreement(found, allowed))
        return seconds / self.size

    def best_seconds(self) -> float:
        """Those of the best of a few runs."""
        return min(self.seconds() for _ in range(TIMED))


def _in_turn(half: _Batch, whole: _Batch, rounds: list[tuple[float, float]]) -> float:
    """Fill `rounds` with seconds an example of either; returns the best of the half, less its first run."""
    half.seconds()
    rounds += [(half.seconds(), whole.seconds()) for _ in range(ROUNDS)]
    return min(one for one, _ in rounds)


def _tried(trial: Trial, batch: _Batch, measure: Callable[[], float]) -> float | None:
    """What `measure` gives; None, and noted, where the engine cannot run such a batch: memory is full, say."""
    try:
        return measure()
    except Exception as error:  # an engine's library raises what it likes
        trial.tried.append(_figures(trial, batch.size, 0.0, f"batches of {batch.size}: {first_line(error, SHORT)}"))
        return None


def _judged(trial: Trial, times: float, seconds: float, faster: bool) -> bool:
    """`faster`, having noted what was found and taken it where it is."""
    verdict = "faster" if faster else "not clearly faster"
    found = _figures(trial, round(trial.size * times), seconds, verdict)
    trial.tried.append(found)
    if faster:
        trial.best, trial.running.times = found, times
    return faster


def _figures(trial: Trial, size: int, seconds: float, verdict: str) -> EngineTrial:
    return replace(trial.best, batch=size, seconds=seconds, verdict=verdict)


def _repeated(batch: Tensors, times: int) -> Tensors:
    return {name: torch.cat([tensor] * times) for name, tensor in batch.items()}


def _first(batch: Tensors, count: int) -> Tensors:
    return {name: tensor[:count] for name, tensor in batch.items()}
