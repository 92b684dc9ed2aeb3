"""A student in training, an epoch at a time, whose state lies on the disk whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from headstart.backbones.base import Batch, collate
from headstart.core.ahead import ahead
from headstart.core.errors import HeadstartError
from headstart.core.files import digest
from headstart.frozen.frontier import WHOLE
from headstart.model.state import owned
from headstart.pretraining._course import Course
from headstart.training.batches import shuffled_batches
from headstart.training.optimizer_state import load_optimizer, optimizer_tensors
from headstart.training.recipe import rate_factor

WARMUP, DECAY, CLIP = 0.05, 0.02, 1.0
"""Share of the steps with a rising rate; weight decay of what is no vector; largest norm of the gradient."""

WEIGHTS, OPTIMIZER = "learning.safetensors", "optimizer.safetensors"


class Learner:
    """Trains the student of `course` and its lesson together, by AdamW (arXiv:1711.05101)."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.both = nn.ModuleDict({"student": course.student, "lesson": course.lesson}).to(course.device)
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
        HeadstartError : the loss is no finite number.
        """
        plan = self.course.plan
        seed = int(digest(str(self.course.seed), "pretraining", str(number))[:8], 16)
        torch.manual_seed(seed)
        parts = shuffled_batches(plan.per_epoch, plan.batch_size, np.random.default_rng(seed))
        parts = [plan.first(number) + part for part in parts]
        self.both.train()
        losses = 0.0
        for place, (part, given) in enumerate(zip(parts, ahead(self.read, parts), strict=True)):
            losses += self.step(number * plan.steps + place, *given) * len(part)
            advance(len(part))
        self.both.eval()
        if not np.isfinite(losses):
            raise HeadstartError(
                f"The loss of epoch {number + 1} is no finite number: this student does not learn from this teacher. "
                "Take another student, or go on from a pretrained one."
            )
        return losses / sum(map(len, parts))

    def read(self, rows: np.ndarray) -> tuple[Batch, Tensor]:
        """The crops at `rows` as the student is shown them, and the teacher's features (B, A) of them."""
        places = rows.tolist()
        return collate(self.course.crops.many(places)), self.course.answers.batch(places)[WHOLE]

    def step(self, number: int, batch: Batch, answers: Tensor) -> float:
        """One step, the `number`-th of all; returns its loss."""
        plan, device = self.course.plan, self.course.device
        for group in self.optimizer.param_groups:
            group["lr"] = plan.rate * rate_factor(number, plan.epochs * plan.steps, WARMUP)
        self.optimizer.zero_grad()
        features = self.course.student.features({name: tensor.to(device) for name, tensor in batch.items()})
        loss = self.course.lesson(features, answers.to(device))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.both.parameters(), CLIP)
        self.optimizer.step()
        return float(loss.detach())

    def save(self, folder: Path) -> None:
        """Write everything that the next epoch starts from into `folder`, which exists."""
        save_file(owned(self.both.state_dict()), folder / WEIGHTS)
        save_file(optimizer_tensors(self.optimizer), folder / OPTIMIZER)

    def load(self, folder: Path) -> None:
        """Go on from what :meth:`save` wrote."""
        self.both.load_state_dict(load_file(folder / WEIGHTS))
        load_optimizer(self.optimizer, load_file(folder / OPTIMIZER))
