"""What a person asks of a pretraining, and what it then works with, whatever it is shown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from headstart.backbones.base import Backbone
from headstart.core.arrays import bytes_of
from headstart.core.files import digest
from headstart.core.spec import AUTO, FitSpec
from headstart.data.examples import Examples
from headstart.experiment.pretraining.probe import Probe
from headstart.tasks.base import Task


@dataclass(frozen=True)
class Wish:
    """What a person asked for.

    Attributes
    ----------
    spec : on what, how long it may take, and what computes. examples : what was read of it.
    out : the folder that the backbone goes into.
    backbone : what goes on from its own weights; None: the default of what is at hand, unless something else learns.
    method : with its settings; AUTO: what suits.
    epochs : None: as many as the budget allows.
    probe : labelled examples, None where there are none.
    rate : the peak learning rate; None: what suits.
    """

    spec: FitSpec
    examples: Examples
    out: Path
    backbone: str | None
    method: str
    epochs: int | None
    probe: FitSpec | None
    rate: float | None

    @property
    def names_student(self) -> bool:
        """Whether what is to learn was named."""
        return self.backbone is not None


@dataclass(frozen=True)
class Material(ABC):
    """A network that learns, and labelled examples to probe it on where there are any.

    ``config`` is that of the folder that ``student`` is written into; ``device`` is where it learns.
    ``task`` is what the targets of the N inputs mean, None where none are learnt, and ``targets`` are then (N, 0).
    """

    wish: Wish
    student: Backbone
    config: Mapping[str, Any]
    probe: Probe | None
    device: torch.device
    task: Task | None
    targets: Tensor

    @property
    @abstractmethod
    def method_name(self) -> str:
        """How it learns: as it was asked for, or what was chosen."""

    @property
    @abstractmethod
    def licence(self) -> str:
        """Of the weights that are learnt from."""

    @property
    def goes_on(self) -> bool:
        """Whether the student has learnt before."""
        return bool(self.student.card.path)

    @property
    def asked(self) -> dict[str, str]:
        """What must be the same for a pretraining to be resumed, beside the request."""
        return {
            "student": self.student.card.name,
            "method": self.method_name,
            "epochs": str(self.wish.epochs),
            "rate": str(self.wish.rate),
            "targets": digest(bytes_of(self.targets.numpy())),
            "probe": self.probe.fingerprint if self.probe else "",
        }

    @property
    def left_open(self) -> list[str]:
        """What of that nobody named: what is at hand chose it, and may choose another once the folder is there."""
        open_ = {"student": not self.wish.names_student, "method": self.wish.method == AUTO}
        return [key for key, left in open_.items() if left]
