"""What a finished fit leaves behind, for its evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from headstart.core.kept import Kept
from headstart.core.results import Figures
from headstart.core.spec import FitSpec
from headstart.data.checks import Checked
from headstart.data.splits import Split
from headstart.diagnosis import Examination
from headstart.diagnosis.base import Evidence
from headstart.experiment import keeping
from headstart.tasks.base import Task


@dataclass(frozen=True)
class Outcome:
    """What a finished fit leaves behind.

    ``outputs`` are calibrated, by split name; ``learned`` holds the figures that the compared network reached on
    training examples; ``trained_on_all`` says whether the kept rung was trained once more with the held-out
    examples added, and ``calibrated_out_of_fold`` whether every example calibrated it, not those alone. ``before``
    is the evidence from before training, which ``examination`` has seen; ``kept`` holds what earlier fits on the
    same examples have explained, and ``old_task`` what became of one, if there was.
    """

    spec: FitSpec
    checked: Checked
    task: Task
    split: Split
    outputs: Mapping[str, Tensor]
    learned: Figures
    trained_on_all: bool
    calibrated_out_of_fold: bool
    before: Evidence
    examination: Examination
    kept: Kept
    old_task: keeping.Kept | None = None

    def rows(self, name: str) -> np.ndarray:
        """The examples of one split."""
        return {"train": self.split.train, "validation": self.split.compared, "test": self.split.test}[name]

    def column(self, values: Sequence[Any] | None, name: str) -> list[Any]:
        """One split's part of a column over all examples."""
        return [(values or [])[i] for i in self.rows(name)]

    @property
    def judged(self) -> str:
        """The split behind confusion, mistakes and calibration: the test split where there is one."""
        return "test" if "test" in self.outputs else "validation"
