"""What a baseline is asked to do, and what it hands back."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

SKIPPED = 3
"""Exit status of a baseline that cannot run here; the reason is the last line of its stdout."""


class Skip(Exception):
    """This baseline cannot run here, and why."""


@dataclass(frozen=True)
class Job:
    """One baseline on one set: N training examples, M test inputs, and the weights to start from.

    Inputs are absolute image paths or strings. ``backbone`` is a folder, ``budget`` seconds, ``answer`` the file
    that receives ``{"labels": [M labels], "note": words, "epochs": [[wall seconds, CPU seconds], …]}``.
    """

    modality: str
    train_inputs: list[str]
    train_labels: list[str]
    test_inputs: list[str]
    backbone: str
    budget: float
    seed: int
    device: str
    answer: str

    def write(self, path: Path) -> None:
        """Write the job where the baseline's process reads it."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @property
    def classes(self) -> list[str]:
        """The labels of the training examples, sorted."""
        return sorted(set(self.train_labels))

    @property
    def targets(self) -> list[int]:
        """N indices into :attr:`classes`."""
        index = {label: i for i, label in enumerate(self.classes)}
        return [index[label] for label in self.train_labels]


class Clock:
    """Seconds since the process began its work, against a budget, and those of the epochs that were timed."""

    def __init__(self, budget: float) -> None:
        self.began = time.monotonic()
        self.budget = budget
        self.epochs: list[tuple[float, float]] = []
        """Wall and CPU seconds of each; those of children that ended in it are in the latter."""

    def left(self) -> float:
        """Seconds of the budget that remain."""
        return self.budget - (time.monotonic() - self.began)

    @contextmanager
    def epoch(self) -> Iterator[None]:
        """Time an epoch."""
        wall, cpu = time.monotonic(), sum(os.times()[:4])
        yield
        self.epochs.append((time.monotonic() - wall, sum(os.times()[:4]) - cpu))


def run(baseline: Callable[[Job, Clock], tuple[Sequence[str], str]]) -> None:
    """Read the job named on the command line, run `baseline` on it, write its labels and note."""
    job = Job(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    clock = Clock(job.budget)
    try:
        labels, note = baseline(job, clock)
    except Skip as reason:
        print(reason)
        sys.exit(SKIPPED)
    if len(labels) != len(job.test_inputs):
        raise RuntimeError(f"{len(labels)} labels for {len(job.test_inputs)} test examples")
    answer = {"labels": [str(label) for label in labels], "note": note, "epochs": clock.epochs}
    Path(job.answer).write_text(json.dumps(answer), encoding="utf-8")
