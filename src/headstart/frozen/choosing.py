"""Chooses which engine runs a frozen part: by a short trial on the first batch, trusted only where it agrees."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch

from headstart.core.engine_choice import EngineChoice, EngineTrial
from headstart.core.errors import first_line
from headstart.core.files import digest, write_json
from headstart.core.kept import Kept, kept_files
from headstart.core.progress import Progress
from headstart.core.spec import AUTO
from headstart.frozen._batch_trial import tune_batch
from headstart.frozen._preparation import Preparations
from headstart.frozen._running import PLAIN, SHORT, Failure, FrozenModule, Prepared, Running, torch_threads
from headstart.frozen._trial import OUTLAY, Trial
from headstart.frozen.engines import ENGINES
from headstart.frozen.engines.base import Engine, Tensors, sharing
from headstart.frozen.engines.eager import Eager

__all__ = ["MORE", "OUTLAY", "RECORDS", "Engines", "FrozenModule", "Running", "WithoutTrial"]

REDUCED = " in reduced precision"

HALF = 0.5
"""Of a usual batch."""

MORE = 4
"""A choice made for some examples holds for up to so many times more."""

RECORDS = "engine-*.json"
"""Names of the files that remember which engine a fit chose for each part."""


@dataclass
class Engines:
    """Chooses an engine for every frozen part of a fit, and remembers what it chose and why.

    Parameters
    ----------
    name : an engine's name, or ``auto`` for a trial of all that are at hand.
    records : a folder that remembers the choices of a fit that is killed: engines agree, but not to the last bit,
        and a resumed fit must give what the uninterrupted one would have given.
    exact : no engine of less than single precision, unless one is asked for by name.
    kept : remembers from one fit for the next how long preparing took.
    """

    name: str = AUTO
    records: Path | None = None
    exact: bool = False
    kept: Kept = field(default_factory=kept_files)
    choices: list[EngineChoice] = field(default_factory=list)
    _ready: dict[str, tuple[int, Prepared]] = field(default_factory=dict)
    _failed: dict[str, set[str]] = field(default_factory=dict)
    _unrecorded: dict[str, dict[str, Any]] = field(default_factory=dict)
    _chosen_for: dict[str, int] = field(default_factory=dict)

    def recorded_in(self, folder: Path) -> Engines:
        """The same, with its choices so far and those to come remembered in `folder`."""
        self.records = folder
        for name, choice in self._unrecorded.items():
            if not (folder / name).exists():
                write_json(folder / name, choice)
        self._unrecorded.clear()
        return self

    def ready(self, part: FrozenModule, sample: Tensors, ahead: int, progress: Progress) -> Running:
        """The engine for `part`, prepared on the first batch `sample`.

        `ahead` examples wait to be run. Where it fails while running, plain PyTorch goes on.
        """
        known = self._ready.get(part.key)
        if known is None or (self.name == AUTO and ahead > MORE * known[0]):
            known = ahead, self._chosen(part, sample, ahead, progress)
            self._ready.clear()  # one prepared engine beside the one in use would hold its weights for nothing
            if not isinstance(known[1].engine, Eager):  # which holds the module itself, to be trained later perhaps
                self._ready[part.key] = known
        return Running(part, known[1], partial(self._gave_up, part, ahead, progress))

    def precision(self, device: torch.device) -> str:
        """What the store's key says of the precision on `device`: nothing of single precision."""
        return REDUCED if self.reduced(device) else ""

    def reduced(self, device: torch.device) -> bool:
        """Whether what runs on `device` may compute in less than single precision."""
        names = ENGINES.names() if self.name == AUTO else [self.name]
        engines: list[Engine] = [ENGINES.load(name)() for name in names]
        exact = self.exact and self.name == AUTO
        return not exact and any(engine.reduced and engine.available(device) for engine in engines)

    def _chosen(self, part: FrozenModule, sample: Tensors, ahead: int, progress: Progress) -> Prepared:
        trial = self._trial(part, sample, ahead)
        size = round(trial.size * trial.running.times)
        choice = EngineChoice(part.name, trial.best.engine, trial.best.threads, ahead, trial.tried, size)
        if len(trial.tried) > 1:
            self.choices.append(choice)
            progress.say(f"  engine: {choice}")
        elif not any((known.part, known.engine) == (choice.part, choice.engine) for known in self.choices):
            self.choices.append(choice)  # plain PyTorch alone, again and again perhaps
        return trial.running

    def _trial(self, part: FrozenModule, sample: Tensors, ahead: int) -> Trial:
        """The engine that a fit that was killed had, the one asked for, or the winner of all."""
        before = self._before(part, ahead)
        with sharing(), torch_threads(before["threads"] if before else torch.get_num_threads()):
            trial = Trial(part, sample, ahead, Preparations(self.kept, part), self._banned(part))
            if before:
                trial.only(before["engine"])
                trial.running.times = before["times"]
            elif self.name != AUTO:
                trial.only(self.name)
            else:
                trial.all()
                tune_batch(trial)
        if not before:
            self._chosen_for[part.key] = ahead
        self._remember(part, trial.running)
        return trial

    def _before(self, part: FrozenModule, ahead: int) -> dict[str, Any] | None:
        """What is recorded of `part`, unless this fit itself chose it for far fewer examples than are `ahead` now."""
        record = self.records / _name_of(part) if self.records else None
        if record is None or not record.exists() or ahead > MORE * self._chosen_for.get(part.key, ahead):
            return None
        before: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
        return before

    def _banned(self, part: FrozenModule) -> set[str]:
        """Engines that failed, and where all must be exact those that are not."""
        reduced = {name for name in ENGINES.names() if self.exact and ENGINES.load(name)().reduced}
        return self._failed.get(part.key, set()) | (reduced if self.name == AUTO else set())

    def _gave_up(self, part: FrozenModule, ahead: int, progress: Progress, failure: Failure) -> None:
        """Say once that an engine failed; neither this fit nor a resumed one uses it for `part` again."""
        was, plain = failure.engine, failure.instead
        failed = self._failed.setdefault(part.key, set())
        if was.name in failed:
            return
        failed.add(was.name)
        self._ready.pop(part.key, None)
        self._remember(part, plain)
        why = f"failed while running: {first_line(failure.error, SHORT)}"
        tried = [EngineTrial(was.name, was.threads, was.preparation, 0.0, why)]
        self.choices.append(EngineChoice(part.name, plain.name, plain.threads, ahead, tried))
        progress.say(f"  engine: {was.name} {why}. Plain PyTorch goes on.")

    def _remember(self, part: FrozenModule, prepared: Prepared) -> None:
        choice = {"engine": prepared.name, "threads": prepared.threads, "times": prepared.times}
        if self.records:
            write_json(self.records / _name_of(part), choice)
        else:
            self._unrecorded[_name_of(part)] = choice


class WithoutTrial(Engines):
    """Plain PyTorch for every part, at once: where a first batch to try it on would be most of the work.

    On a CPU it runs half of the usual batch, whose activations stay nearer: a quarter faster for MobileNetV2.
    """

    def __init__(self) -> None:
        super().__init__(PLAIN)

    def ready(self, part: FrozenModule, sample: Tensors, ahead: int, progress: Progress) -> Running:
        plain = Eager()
        plain.prepare(part.module, sample, part.device)
        times = HALF if part.device.type == "cpu" else 1.0
        prepared = Prepared(PLAIN, plain, torch.get_num_threads(), times=times)
        return Running(part, prepared, partial(self._gave_up, part, ahead, progress))


def _name_of(part: FrozenModule) -> str:
    return RECORDS.replace("*", digest(part.key, part.device.type))
