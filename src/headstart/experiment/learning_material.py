"""What every pretraining works with, whatever it is shown."""

from __future__ import annotations

from typing import Protocol

import torch

from headstart.backbones.base import Backbone
from headstart.core.spec import FitSpec
from headstart.experiment.pretraining_probe import Probe


class Wished(Protocol):
    """What a person asked for; ``epochs`` None: as many as the budget of ``spec`` allows."""

    @property
    def spec(self) -> FitSpec:
        """On what, how long it may take, and what computes."""

    @property
    def epochs(self) -> int | None:
        """How many epochs."""


class Material(Protocol):
    """A network that learns, and labelled examples to probe it on where there are any."""

    @property
    def wish(self) -> Wished:
        """What a person asked for."""

    @property
    def student(self) -> Backbone:
        """The network that learns."""

    @property
    def probe(self) -> Probe | None:
        """What shows whether features improve."""

    @property
    def device(self) -> torch.device:
        """Where it learns."""
