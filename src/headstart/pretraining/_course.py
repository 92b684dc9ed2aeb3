"""What a network learns from: its lesson, what it is shown, and what is said of that."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from headstart.backbones.base import Backbone, Batch
from headstart.pretraining._places import Places
from headstart.pretraining._plan import Plan
from headstart.pretraining._said import said_by


class Shown(ABC):
    """Crops with a teacher's answers to them, or their targets, a batch at a time."""

    @abstractmethod
    def epoch(self, number: int, plan: Plan) -> Iterator[tuple[Batch, Any]]:
        """The batches of epoch `number`, in an order that follows from it and a seed: what the student is shown, and
        what its teacher says of the same crops, :class:`Said`, or what else is known of them; ``on(device)`` moves
        that."""


@dataclass
class Course:
    """A student, its lesson, and what it learns from.

    Attributes
    ----------
    seed : with the number of an epoch it fixes all randomness.
    places : what is learnt of maps, and ``maps`` the names of the student's; None and none where ``shown`` has none.
    reduced : whether the student's forward runs in bfloat16 where that is safe.
    """

    student: Backbone
    lesson: nn.Module
    shown: Shown
    plan: Plan
    seed: int
    device: torch.device
    places: Places | None = None
    places_weight: float = 1.0
    maps: tuple[str, ...] = ()
    reduced: bool = False

    @property
    def head(self) -> nn.Module | None:
        """What of the lesson is written beside the student; None for most."""
        return None

    def settle(self) -> None:
        """Make the student ready to be looked at, and for use."""

    def loss(self, batch: Batch, wanted: Any) -> Tensor:
        """The loss of a batch, a scalar; both are on the device."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.reduced):
            said = said_by(self.student, batch, self.maps)
        loss: Tensor = self.lesson(said.features.float(), wanted.features.float())
        if self.places is not None:
            loss = loss + self.places_weight * self.places(said.maps, wanted.maps)
        return loss
