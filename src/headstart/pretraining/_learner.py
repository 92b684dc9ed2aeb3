"""A student in training, an epoch at a time, whose state lies on the disk whole or not at all."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from headstart.backbones.base import Batch
from headstart.core.errors import HeadstartError
from headstart.model.state import owned
from headstart.pretraining._course import Course
from headstart.pretraining._seeds import seed_of
from headstart.training.optimizer_state import load_optimizer, optimizer_tensors
from headstart.training.recipe import rate_factor

WARMUP, DECAY, CLIP = 0.05, 0.02, 1.0
"""Share of the steps with a rising rate; weight decay of what is no vector; largest norm of the gradient."""

WEIGHTS, OPTIMIZER = "learning.safetensors", "optimizer.safetensors"


class Diverged(HeadstartError):
    """The loss is no finite number any more."""


class Learner:
    """Trains the student of `course` and its lesson together, by AdamW (arXiv:1711.05101)."""

    def __init__(self, course: Course) -> None:
        self.course = course
        layout = torch.channels_last if course.plan.channels_last else torch.contiguous_format
        parts = {"student": course.student, "lesson": course.lesson}
        if course.places is not None:
            parts["places"] = course.places
        self.both = nn.ModuleDict(parts).to(course.device)
        course.student.to(memory_format=layout)
        self.both.requires_grad_(True)
        moving = list(self.both.parameters())
        groups = [
            {"params": [p for p in moving if p.dim() > 1], "weight_decay": DECAY},
            {"params": [p for p in moving if p.dim() <= 1], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW([group for group in groups if group["params"]], lr=course.plan.rate)

    def epoch(self, number: int, advance: Callable[[int], None] = lambda count: None) -> float:
        """The mean loss of epoch `number`, whose randomness follows from that and the seed alone.

        Parameters
        ----------
        advance : is told how many more crops were learnt from.

        Raises
        ------
        Diverged : the loss is no finite number.
        """
        plan, device = self.course.plan, self.course.device
        torch.manual_seed(seed_of(self.course.seed, number))
        self.both.train()
        losses: list[tuple[Tensor, int]] = []
        with fastest_convolutions(device):
            for place, (batch, wanted) in enumerate(self.course.shown.epoch(number, plan)):
                count = len(next(iter(batch.values())))
                losses.append((self.step(number * plan.steps + place, batch, wanted), count))
                advance(count)
        self.both.eval()
        mean = _mean(losses)  # the first time that the device is waited for
        if not math.isfinite(mean):
            raise Diverged(
                f"The loss of epoch {number + 1} is no finite number: this network does not learn so. Name a lower "
                f"--rate than {plan.rate:g}, or take another network."
            )
        return mean

    def step(self, number: int, batch: Batch, wanted: Any) -> Tensor:
        """One step, the `number`-th of all; returns its loss, a scalar that lies on the device."""
        plan, device = self.course.plan, self.course.device
        for group in self.optimizer.param_groups:
            group["lr"] = plan.rate * rate_factor(number, plan.epochs * plan.steps, WARMUP)
        self.optimizer.zero_grad()
        here = {name: tensor.to(device) for name, tensor in batch.items()}
        loss = self.course.loss(here, wanted.on(device))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.both.parameters(), CLIP)
        self.optimizer.step()
        return loss.detach()

    def save(self, folder: Path) -> None:
        """Write everything that the next epoch starts from into `folder`, which exists."""
        save_file(owned(self.both.state_dict()), folder / WEIGHTS)
        save_file(optimizer_tensors(self.optimizer), folder / OPTIMIZER)

    def load(self, folder: Path) -> None:
        """Go on from what :meth:`save` wrote."""
        self.both.load_state_dict(load_file(folder / WEIGHTS))
        load_optimizer(self.optimizer, load_file(folder / OPTIMIZER))


def _mean(losses: list[tuple[Tensor, int]]) -> float:
    """Of all crops, from the losses of batches of so many."""
    values, counts = torch.stack([loss for loss, _ in losses]).cpu().tolist(), [count for _, count in losses]
    return math.fsum(value * count for value, count in zip(values, counts, strict=True)) / sum(counts)


@contextlib.contextmanager
def fastest_convolutions(device: torch.device) -> Iterator[None]:
    """On a GPU, let the ways to compute each convolution be timed once, for the block: shapes stay the same."""
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = before or device.type == "cuda"
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before
