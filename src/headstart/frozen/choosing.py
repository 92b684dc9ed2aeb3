"""Chooses which engine runs a frozen part: by a short trial on the first batch, trusted only where it agrees."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import nn

from headstart.core.engine_choice import EngineChoice, EngineTrial
from headstart.core.files import digest, write_json
from headstart.core.progress import Progress
from headstart.core.spec import AUTO
from headstart.frozen.engines import ENGINES
from headstart.frozen.engines.base import Engine, Tensors, agrees, sharing
from headstart.frozen.engines.eager import Eager

WORTH_A_TRIAL = 3.0
"""Seconds of work ahead below which plain PyTorch simply runs it."""

OUTLAY = 0.15
"""Preparing an engine may take this share of the work that lies ahead."""

MORE = 4
"""A choice made for some examples holds for up to so many times more."""

CLEARLY = 1.2
"""How many times faster a later engine, or more threads, must be to be preferred: less than that is noise."""


GROWTH, LARGEST = 4, 512
"""Batches are tried that are so many times larger, as long as they are clearly faster, up to so many examples."""

TIMED = 2
"""Runs by which an engine is timed; the better one counts."""

FAR = 2.0
"""Plain PyTorch is timed by its very first run as long as others are so many times faster."""


class Running:
    """An engine that is prepared and trusted.

    Attributes
    ----------
    threads : it works with so many.
    preparation : seconds it took.
    times : how many usual batches it runs at once.
    runs : how often it ran.
    """

    def __init__(self, engine: Engine, threads: int, preparation: float = 0.0) -> None:
        self.engine, self.threads, self.preparation = engine, threads, preparation
        self.times, self.runs = 1, 0

    def run(self, batch: Tensors) -> Tensors:
        """Outputs of the prepared module, on the CPU."""
        self.runs += 1
        with torch_threads(self.threads):
            return self.engine.run(batch)


@dataclass
class Engines:
    """Chooses an engine for every frozen part of a fit, and remembers what it chose and why.

    Parameters
    ----------
    name : an engine's name, or ``auto`` for a trial of all that are at hand.
    records : a folder that remembers the choices of a fit that is killed: engines agree, but not to the last bit,
        and a resumed fit must give what the uninterrupted one would have given.
    """

    name: str = AUTO
    records: Path | None = None
    choices: list[EngineChoice] = field(default_factory=list)
    _ready: dict[str, tuple[int, Running]] = field(default_factory=dict)

    def ready(self, part: FrozenModule, sample: Tensors, ahead: int, progress: Progress) -> Running:
        """The engine for `part`, prepared on the first batch `sample`.

        `ahead` examples wait to be run.
        """
        if (known := self._ready.get(part.key)) and (self.name != AUTO or ahead <= MORE * known[0]):
            return known[1]
        trial = self._trial(part, sample, ahead)
        self._ready.clear()  # one prepared engine beside the one in use would hold its weights for nothing
        if not isinstance(trial.running.engine, Eager):  # which holds the module itself, to be trained later perhaps
            self._ready[part.key] = ahead, trial.running
        if len(trial.tried) > 1:
            size = len(next(iter(sample.values()))) * trial.running.times
            choice = EngineChoice(part.name, trial.best.engine, trial.running.threads, ahead, trial.tried, size)
            self.choices.append(choice)
            progress.say(f"  engine: {choice}")
        return trial.running

    def _trial(self, part: FrozenModule, sample: Tensors, ahead: int) -> _Trial:
        record = self.records / f"engine-{digest(part.key, part.device.type)}.json" if self.records else None
        trial = _Trial(part, sample, ahead)
        with sharing():
            if record and record.exists():
                before = json.loads(record.read_text(encoding="utf-8"))
                with torch_threads(before["threads"]):
                    trial.only(before["engine"])
                trial.running.times = before["times"]
            elif self.name != AUTO:
                trial.only(self.name)
            else:
                trial.all()
        if record:
            running = trial.running
            write_json(record, {"engine": trial.best.engine, "threads": running.threads, "times": running.times})
        return trial


@dataclass(frozen=True)
class FrozenModule:
    """A frozen part to be run: what it is called, what tells it from all others, and where it runs."""

    name: str
    key: str
    module: nn.Module
    device: torch.device


class _Trial:
    """Tries engines one after the other on one batch; `best` and `running` are the winner so far."""

    def __init__(self, part: FrozenModule, sample: Tensors, ahead: int) -> None:
        self.part, self.sample, self.ahead = part, sample, ahead
        self.size = len(next(iter(sample.values())))
        plain = Eager()
        began = time.perf_counter()
        plain.prepare(part.module, sample, part.device)
        self.running = Running(plain, torch.get_num_threads())
        preparation = time.perf_counter() - began
        self.expected, each = self._first(self.running)
        self.best = EngineTrial("eager", self.running.threads, preparation, each, "the reference")
        self.tried = [self.best]

    def all(self) -> None:
        """Every other engine that is at hand and would pay for its preparation, the quickest to prepare first."""
        if self._work < WORTH_A_TRIAL:
            return
        engines = {name: ENGINES.load(name)() for name in ENGINES.names() if name != self.best.engine}
        for name in sorted(engines, key=lambda name: _turn(name, engines)):
            engine = engines[name]
            if not engine.available(self.part.device) or not engine.suits(self.part.module):
                continue
            if self.best.engine in engine.outdone_by:
                self._note(name, f"not tried: {self.best.engine} outdoes it")
            elif engine.typical_preparation > OUTLAY * self._work:
                self._note(name, "not tried: preparing it would not pay")
            elif ready := self._prepared(name, engine):
                self._compare(name, ready)
        self._fewer_threads()
        self._larger_batches()

    def only(self, name: str) -> None:
        """The one engine asked for, if it can run here and agrees."""
        engine: Engine = ENGINES.load(name)()
        if not engine.available(self.part.device):
            self._note(name, f"not available on {self.part.device.type} here")
        elif name != self.best.engine and (ready := self._prepared(name, engine)):
            seconds = self._seconds(ready)
            self._prefer(EngineTrial(name, ready.threads, ready.preparation, seconds, "asked for"), ready)

    @property
    def _work(self) -> float:
        """Seconds that the examples ahead would take with the best engine so far."""
        return self.ahead * self.best.seconds

    def _prepared(self, name: str, engine: Engine) -> Running | None:
        """`engine` ready to run, if it can be prepared and gives what plain PyTorch gives."""
        began = time.perf_counter()
        try:
            engine.prepare(self.part.module, self.sample, self.part.device)
            given = engine.run(self.sample)
        except Exception as error:  # an engine's library raises what it likes; another engine runs then
            self._note(name, f"could not be prepared: {_first_line(error)}")
            return None
        if not agrees(self.expected, given, engine.tolerance):
            self._note(name, "gave other activations than plain PyTorch")
            return None
        return Running(engine, torch.get_num_threads(), time.perf_counter() - began)

    def _compare(self, name: str, running: Running) -> None:
        """Prefer `running` where it is clearly faster."""
        seconds = self._seconds(running)
        if self.running.runs == 1 and seconds * FAR > self.best.seconds:
            self.best = self.tried[0] = replace(self.best, seconds=self._seconds(self.running))
        faster = seconds * CLEARLY < self.best.seconds
        verdict = "faster" if faster else "not clearly faster"
        trial = EngineTrial(name, running.threads, running.preparation, seconds, verdict)
        if faster:
            self._prefer(trial, running)
        else:
            self.tried.append(trial)

    def _prefer(self, trial: EngineTrial, running: Running) -> None:
        self.tried.append(trial)
        self.best, self.running = trial, running

    def _fewer_threads(self) -> None:
        """One thread where several gain little, as on a busy machine: decoding has use for the others."""
        engine: Engine = ENGINES.load(self.best.engine)()
        costly = engine.typical_preparation > OUTLAY * self._work
        if self.best.threads == 1 or self.part.device.type != "cpu" or costly:
            return
        with torch_threads(1):
            ready = self._prepared(self.best.engine, engine)
            if ready is None:
                return
            seconds = self._seconds(ready)
        slower = seconds > CLEARLY * self.best.seconds
        trial = EngineTrial(self.best.engine, 1, ready.preparation, seconds, "slower" if slower else "as fast")
        if slower:
            self.tried.append(trial)
        else:
            self._prefer(trial, ready)

    def _larger_batches(self) -> None:
        """More examples at once, where that is clearly faster, as on a GPU: a small batch leaves it idle.

        One thread is busy with a small batch as it is, and its caches hold no larger one.
        """
        if self.part.device.type == "cpu" and self.best.threads == 1:
            return
        times = GROWTH
        while self.size * times <= LARGEST and self.size * times * TIMED * self.best.seconds <= OUTLAY * self._work:
            batch = {name: torch.cat([tensor] * times) for name, tensor in self.sample.items()}
            try:
                seconds = self._seconds(self.running, batch)
            except RuntimeError:  # a GPU's memory is full, say
                return
            faster = seconds * CLEARLY < self.best.seconds
            verdict = "faster" if faster else "not clearly faster"
            trial = replace(self.best, seconds=seconds, verdict=verdict, batch=self.size * times)
            self.tried.append(trial)
            if not faster:
                return
            self.best, self.running.times = trial, times
            times *= GROWTH

    def _note(self, name: str, verdict: str) -> None:
        self.tried.append(EngineTrial(name, torch.get_num_threads(), 0.0, 0.0, verdict))

    def _first(self, running: Running) -> tuple[Tensors, float]:
        """What plain PyTorch gives, and its seconds an example in its first run."""
        began = time.perf_counter()
        given = running.run(self.sample)
        return given, (time.perf_counter() - began) / self.size

    def _seconds(self, running: Running, batch: Tensors | None = None) -> float:
        """Seconds an example, the best of a few runs of `batch`, or of the sample."""
        batch = batch or self.sample
        taken = []
        for _ in range(TIMED):
            began = time.perf_counter()
            running.run(batch)
            taken.append(time.perf_counter() - began)
        return min(taken) / len(next(iter(batch.values())))


def _turn(name: str, engines: Mapping[str, Engine]) -> tuple[float, bool]:
    """By how long it takes to prepare, and after those that outdo it."""
    before = [engines[other].typical_preparation for other in engines[name].outdone_by if other in engines]
    return max([engines[name].typical_preparation, *before]), bool(before)


@contextlib.contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """PyTorch with `count` threads for the block."""
    before = torch.get_num_threads()
    if count == before:
        yield
        return
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:120]
