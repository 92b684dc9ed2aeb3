"""The trial of engines on a first batch: each that may pay is prepared, compared with plain PyTorch, and timed."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import torch

from headstart.core.engine_choice import EngineTrial
from headstart.core.errors import first_line
from headstart.frozen._preparation import Preparations
from headstart.frozen._running import PLAIN, SHORT, FrozenModule, Prepared, torch_threads
from headstart.frozen.engines import ENGINES
from headstart.frozen.engines._shapes import of_other_length, turned
from headstart.frozen.engines.base import Agreement, Engine, Tensors, Tolerance, agreement
from headstart.frozen.engines.eager import Eager

WORTH_A_TRIAL = 3.0
"""Seconds of work ahead below which plain PyTorch simply runs it."""

WORTH_A_THREAD = 1.0
"""Seconds of work ahead below which not even the number of threads is tried."""

OUTLAY = 0.15
"""Preparing an engine may take this share of the work that lies ahead."""

CLEARLY = 1.2
"""How many times faster a later engine, or more threads, must be to be preferred: less than that is noise."""

TIMED = 2
"""Runs by which an engine is timed; the better one counts."""

FAR = 2.0
"""Plain PyTorch is timed by its very first run as long as others are so many times faster."""

COLD = 8.0
"""A first run may take so many times as long as the next; what only then would pay waits until it has run again."""


class Trial:
    """Tries engines one after the other on one batch.

    Parameters
    ----------
    ahead : examples that wait to be run.
    banned : engines that are not to be used.

    Attributes
    ----------
    best, running : the winner so far: its figures, and itself.
    tried : the figures of all, in turn.
    expected : what plain PyTorch gave for `sample`.
    threads : how many the engines are ranked with.
    """

    def __init__(
        self,
        part: FrozenModule,
        sample: Tensors,
        ahead: int,
        preparations: Preparations,
        banned: Collection[str] = (),
    ) -> None:
        self.part, self.sample, self.ahead = part, sample, ahead
        self.size = len(next(iter(sample.values())))
        self.threads = torch.get_num_threads()
        self._preparations, self._banned, self._retimed = preparations, banned, False
        self._too_far: set[str] = set()
        self._threads_settled = self.threads == 1 or part.device.type != "cpu"
        plain = Eager()
        began = time.perf_counter()
        plain.prepare(part.module, sample, part.device)
        self.running = self._plain = Prepared(PLAIN, plain, self.threads, time.perf_counter() - began)
        self.expected, seconds = self.timed(self.running, sample)
        self.best = EngineTrial(PLAIN, self.threads, self.running.preparation, seconds / self.size, "the reference")
        self.tried = [self.best]
        self._plain_work = self.work

    @property
    def worth(self) -> bool:
        """Whether there is enough to do for plain PyTorch to be held against others."""
        return self._plain_work >= WORTH_A_TRIAL

    @property
    def work(self) -> float:
        """Seconds that the examples ahead would take with the best engine so far."""
        return self.ahead * self.best.seconds

    def all(self) -> None:
        """The number of threads, and every other engine that is at hand and would pay for its preparation."""
        if self.worth:
            self._engines()
        if self._plain_work >= WORTH_A_THREAD:
            self._settle_threads(self.best)
            if self.best.threads > self.threads:
                self._one_thread(self.best)

    def only(self, name: str) -> None:
        """The one engine asked for, if it can run here and agrees."""
        engine: Engine = ENGINES.load(name)()
        if name in self._banned:
            self._note(name, "failed while running before")
        elif not engine.available(self.part.device):
            self._note(name, f"not available on {self.part.device.type} here")
        elif name != PLAIN and (ready := self._prepared(name, engine)):
            self._prefer(replace(self._figures(name, ready), verdict="asked for"), ready)

    def timed(self, prepared: Prepared, batch: Tensors) -> tuple[Tensors, float]:
        """What one run gives, and its seconds."""
        began = time.perf_counter()
        given = prepared.run(batch)
        return given, time.perf_counter() - began

    def seconds(self, prepared: Prepared) -> float:
        """Seconds an example, the best of a few runs of the sample."""
        return min(self.timed(prepared, self.sample)[1] for _ in range(TIMED)) / self.size

    def _engines(self) -> None:
        """Each but the reference, the quickest to prepare first."""
        engines = {name: ENGINES.load(name)() for name in ENGINES.names() if name not in (PLAIN, *self._banned)}
        takes = {name: self._preparations.expected(name, engine) for name, engine in engines.items()}
        for name in sorted(engines, key=lambda name: _turn(name, engines, takes)):
            engine, most = engines[name], OUTLAY * self.work
            if not engine.available(self.part.device) or not engine.suits(self.part.module):
                continue
            if most / COLD < takes[name] <= most:
                self._retime_where_close()
                most = OUTLAY * self.work
            if self.best.engine in engine.outdone_by:
                self._note(name, f"not tried: {self.best.engine} outdoes it")
            elif like := engine.rounds_like & self._too_far:
                self._note(name, f"not tried: {min(like)}, which rounds like it, gave other activations")
            elif takes[name] > most:
                self._note(name, "not tried: preparing it would not pay")
            else:
                if 2 * takes[name] > most:  # too long to find the number of threads with it
                    self._settle_threads(self.best)
                self._try(name, engine)

    def _try(self, name: str, engine: Engine) -> None:
        with torch_threads(self.threads):
            ready = self._prepared(name, engine)
        if ready:
            trial = self._figures(name, ready)
            self._retime_where_close(trial.seconds)
            self._compare(trial, ready)
            self._settle_threads(trial)

    def _settle_threads(self, several: EngineTrial) -> None:
        """Find the number of threads with this engine, unless that is known."""
        if not self._threads_settled:
            self._one_thread(several)

    def _one_thread(self, several: EngineTrial) -> None:
        """One thread where several gain little, as on a busy machine: decoding has use for the others."""
        self._threads_settled = True
        if several.engine == PLAIN:
            self._retime_where_close()
            several = self.best
        with torch_threads(1):
            ready = self._again(several.engine)
        if ready is None:
            return
        one = self._figures(several.engine, ready)
        if one.seconds > CLEARLY * several.seconds:
            self.tried.append(replace(one, verdict="slower"))
            return
        self.threads = 1
        if self.best.engine == several.engine:
            self._prefer(replace(one, verdict="as fast"), ready)
        else:
            self._compare(one, ready)

    def _again(self, name: str) -> Prepared | None:
        """The engine called `name` for as many threads as torch has now."""
        if name == PLAIN:
            return Prepared(PLAIN, self._plain.engine, torch.get_num_threads())
        return self._prepared(name, ENGINES.load(name)())

    def _prepared(self, name: str, engine: Engine) -> Prepared | None:
        """`engine` ready to run, if it can be prepared and gives what plain PyTorch gives."""
        checks = self._checks
        began = time.perf_counter()
        try:
            engine.prepare(self.part.module, self.sample, self.part.device)
            found = _agreement(engine, checks)
        except Exception as error:  # an engine's library raises what it likes; another engine runs then
            self._note(name, f"could not be prepared: {first_line(error, SHORT)}")
            return None
        seconds = time.perf_counter() - began
        if not found.within(engine.tolerance):
            self._note(name, disagreement(found, engine.tolerance), found)
            self._too_far.add(name)
            return None
        if not any(trial.engine == name for trial in self.tried):  # a second time it finds much done
            self._preparations.note(name, seconds)
        return Prepared(name, engine, torch.get_num_threads(), seconds, found)

    @cached_property
    def _checks(self) -> list[tuple[Tensors, Tensors]]:
        """Batches of several shapes, and what plain PyTorch gives for each: an engine may take one for granted."""
        fewer = turned(self.sample)
        checks = [(self.sample, self.expected), (fewer, self._plain.run(fewer))]
        if other := of_other_length(fewer):
            with contextlib.suppress(Exception):  # then all inputs are of one length, and it raises what it likes
                checks.append((other, self._plain.run(other)))
        return checks

    def _figures(self, name: str, ready: Prepared) -> EngineTrial:
        """`ready` timed; nothing is thought of it yet."""
        difference, cosine = ready.agreement or (None, None)
        timed = self.seconds(ready)
        return EngineTrial(name, ready.threads, ready.preparation, timed, "", 0, difference, cosine)

    def _retime_where_close(self, seconds: float = math.inf) -> None:
        """Time plain PyTorch once more where its first run alone cannot tell it from one that takes `seconds`."""
        if self.best is self.tried[0] and not self._retimed and seconds * FAR > self.best.seconds:
            self._retimed = True
            self.best = self.tried[0] = replace(self.best, seconds=self.seconds(self.running))

    def _compare(self, trial: EngineTrial, ready: Prepared) -> None:
        """Prefer `ready` where it is clearly faster."""
        if trial.seconds * CLEARLY < self.best.seconds:
            self._prefer(replace(trial, verdict="faster"), ready)
        else:
            self.tried.append(replace(trial, verdict="not clearly faster"))

    def _prefer(self, trial: EngineTrial, ready: Prepared) -> None:
        self.tried.append(trial)
        self.best, self.running = trial, ready

    def _note(self, name: str, verdict: str, found: Agreement | None = None) -> None:
        difference, cosine = found or (None, None)
        self.tried.append(EngineTrial(name, self.threads, 0.0, 0.0, verdict, 0, difference, cosine))


def disagreement(found: Agreement, allowed: Tolerance) -> str:
    """In words, that outputs are too far from those of plain PyTorch."""
    return (
        f"gave other activations than plain PyTorch: difference {found.largest:.0e} (allowed {allowed.largest:.0e}), "
        f"cosine {found.cosine:.5f} (at least {allowed.cosine})"
    )


def _agreement(engine: Engine, checks: Sequence[tuple[Tensors, Tensors]]) -> Agreement:
    """The worst over `checks`, as far as they agree."""
    worst = Agreement()
    for batch, expected in checks:
        worst = worst.worse(agreement(expected, engine.run(batch)))
        if not worst.within(engine.tolerance):
            break
    return worst


def _turn(name: str, engines: Mapping[str, Engine], takes: Mapping[str, float]) -> tuple[float, int]:
    """By how long it takes to prepare, and after those that decide whether it is tried."""
    deciding = engines[name].outdone_by | engines[name].rounds_like
    before = [_turn(other, engines, takes) for other in deciding if other in engines]
    return max([takes[name], *(seconds for seconds, _ in before)]), 1 + max((rank for _, rank in before), default=0)
