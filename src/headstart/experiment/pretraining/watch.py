"""What tells a pretraining whether its network still gets better: a probe on labels, or passages it has not met."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from headstart.backbones.base import Backbone, Batch
from headstart.core.results import Figure
from headstart.pretraining import Passages, Reading
from headstart.pretraining._targets import Targets

BATCH = 16
"""Passages of a batch."""

SURE = 1.96
"""Standard errors to each side of a mean, for its 95 % interval."""


class Watch(Protocol):
    """Judges a network by outputs that can be kept; the figure of outputs is what is watched."""

    name: str
    """What a person calls it."""

    def outputs(self, backbone: Backbone) -> Tensor:
        """What the network as it is now gives."""

    def figure(self, outputs: Tensor) -> Figure:
        """The watched figure with its 95 % interval."""

    def said(self, outputs: Tensor) -> str:
        """The figure, in a few words."""

    def better(self, outputs: Tensor, than: Tensor) -> bool:
        """Whether the figure of the one is better."""


@dataclass
class UnmetPassages:
    """The loss of the course's own lesson on passages that it does not learn from.

    Outputs are the losses (n,) of batches; random numbers of the lesson are the same at every look.
    """

    course: Reading
    passages: Passages
    name: str = "the loss on unmet passages"

    @torch.no_grad()
    def outputs(self, backbone: Backbone) -> Tensor:
        """Losses (n,) of batches of passages that are about as long as each other."""
        course, order = self.course, self.passages.lengths.argsort(kind="stable")
        batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
        backbone.to(course.device).eval()
        course.lesson.eval()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(course.seed)
            losses = [self._loss(self.passages.batch(rows), self.passages.known(rows)) for rows in batches]
        return torch.stack(losses).cpu()

    def _loss(self, batch: Batch, known: Targets) -> Tensor:
        here = {name: tensor.to(self.course.device) for name, tensor in batch.items()}
        return self.course.loss(here, known.on(self.course.device))

    def figure(self, outputs: Tensor) -> Figure:
        """The mean with its 95 % interval over batches."""
        mean = float(outputs.mean())
        spread = SURE * float(outputs.std(correction=1)) / len(outputs) ** 0.5 if len(outputs) > 1 else float("inf")
        return Figure(mean, mean - spread, mean + spread)

    def said(self, outputs: Tensor) -> str:
        """``3.21 on unmet passages``."""
        return f"{float(outputs.mean()):.4f} on unmet passages"

    def better(self, outputs: Tensor, than: Tensor) -> bool:
        """Whether the mean loss of the one is less."""
        return float(outputs.mean()) < float(than.mean())
