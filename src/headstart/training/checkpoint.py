"""Keeps a run's state on disk between epochs, so that a killed run goes on as if nothing had happened."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from headstart.core.files import whole_folder
from headstart.core.timing import Stopwatch
from headstart.model.state import owned
from headstart.training.callback import Callback, Moment
from headstart.training.early_stopping import EarlyStopping
from headstart.training.loop import Job
from headstart.training.optimizer_state import load_optimizer, optimizer_tensors
from headstart.training.weight_averaging import WeightAveraging

EVERY = 1.0
"""Seconds from one checkpoint to the next: of epochs that are shorter several are lost with a kill, and soon made up,
where to write each took up to a third of their time."""


class Checkpoint(Callback):
    """Writes weights, optimizer state and curve as safetensors and JSON, whole or not at all.

    Random numbers need no saving: every epoch's follow from the seed, the run's name and the epoch. The seconds that
    the epochs before took count as if they had been trained now, so that a resumed fit has as much time left.
    """

    def __init__(
        self,
        folder: Path,
        stopwatch: Stopwatch,
        stopping: EarlyStopping | None,
        averaging: WeightAveraging | None = None,
    ) -> None:
        self.folder, self.stopping, self.averaging = Path(folder), stopping, averaging
        self._stopwatch, self._began = stopwatch, stopwatch.total
        self._written = time.monotonic()

    def on_begin(self, job: Job, moment: Moment) -> None:
        """Go on from the last checkpoint, if there is one."""
        self._began, self._written = self._stopwatch.total, time.monotonic()
        if not self.folder.exists():
            return
        state = json.loads((self.folder / "state.json").read_text(encoding="utf-8"))
        moment.epoch, moment.step, moment.curve = state["epoch"], state["step"], state["curve"]
        moment.stop = state["stop"]
        self._stopwatch.credit(state["seconds"])
        job.plan.load_moving_state(load_file(self.folder / "moving.safetensors"))
        load_optimizer(job.optimizer, load_file(self.folder / "optimizer.safetensors"))
        if (self.folder / "balancing.safetensors").exists():
            job.balancing.load(load_file(self.folder / "balancing.safetensors"))
        if self.stopping:
            self.stopping.best_epoch = state["best_epoch"]
            self.stopping.best = load_file(self.folder / "best.safetensors")
        if self.averaging:
            self.averaging.stood = load_file(self.folder / "stood.safetensors")

    def on_epoch_end(self, job: Job, moment: Moment) -> None:
        """Write everything that the next epoch starts from, unless that was done a moment ago."""
        if time.monotonic() - self._written < EVERY:
            return
        state: dict[str, Any] = {
            "epoch": moment.epoch + 1,
            "step": moment.step,
            "curve": moment.curve,
            "stop": moment.stop,
            "seconds": self._stopwatch.total - self._began,
        }
        with whole_folder(self.folder) as folder:
            save_file(owned(job.plan.moving_state()), folder / "moving.safetensors")
            save_file(optimizer_tensors(job.optimizer), folder / "optimizer.safetensors")
            if balancing := job.balancing.state():
                save_file(owned(balancing), folder / "balancing.safetensors")
            if self.stopping:
                state["best_epoch"] = self.stopping.best_epoch
                save_file(owned(self.stopping.best), folder / "best.safetensors")
            if self.averaging:
                save_file(owned(self.averaging.stood), folder / "stood.safetensors")
            (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")
        self._written = time.monotonic()
