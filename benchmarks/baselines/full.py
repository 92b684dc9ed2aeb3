"""Full fine-tuning by the ordinary recipe: every parameter trained with AdamW, nothing chosen by hand."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ._job import Clock, Job, run
from ._reading import Reading, to_device


@dataclass(frozen=True)
class Recipe:
    """The usual hyperparameters of a modality: learning rates, epochs, share of warm-up, dropout, decay."""

    body_rate: float
    head_rate: float
    epochs: int
    warm_up: float
    dropout: float
    weight_decay: float


RECIPES = {
    # torchvision's reference training, shortened for small sets: random resized crop, flip, cosine.
    "image": Recipe(1e-4, 1e-3, epochs=5, warm_up=0.0, dropout=0.2, weight_decay=1e-2),
    # Hugging Face's text classification example, with an epoch more and a faster head, since few rows and many
    # classes are undertrained by its three epochs at 2e-5.
    "text": Recipe(5e-5, 1e-3, epochs=4, warm_up=0.1, dropout=0.1, weight_decay=1e-2),
}
MEASURED_SHARE = 0.25
"""Share of the first epoch that is timed before the epochs are planned: the first steps wait for the decoders."""


class Classifier(nn.Module):
    """Body, dropout, one linear layer."""

    def __init__(self, body: nn.Module, width: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.body = body
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, classes))

    def forward(self, batch: Tensor | dict[str, Tensor]) -> Tensor:
        """Logits (N, classes)."""
        return self.head(self.body(batch))


def full(job: Job, clock: Clock) -> tuple[Sequence[str], str]:
    """Labels of the test inputs after fine-tuning every parameter; the last epoch's weights are used."""
    torch.manual_seed(job.seed)
    recipe = RECIPES[job.modality]
    reading = Reading(job)
    model = Classifier(reading.body, reading.width, len(job.classes), recipe.dropout).to(job.device)
    epochs = train(model, reading, recipe, clock)
    model.eval()
    with torch.inference_mode():
        logits = torch.cat([model(to_device(batch, job.device)).cpu() for batch, _ in reading.test(workers=2)])
    note = f"{epochs} epochs" if epochs == recipe.epochs else f"{epochs} of {recipe.epochs} epochs in the budget"
    return [job.classes[i] for i in logits.argmax(1).tolist()], note


def train(model: Classifier, reading: Reading, recipe: Recipe, clock: Clock) -> int:
    """Train as many of the recipe's epochs as the budget holds, at least one; returns how many.

    A part of the first epoch is timed, and the schedule is laid over the epochs that fit.
    """
    batches = reading.train(augment=True, shuffle=True, workers=2)
    measured = max(1, round(MEASURED_SHARE * len(batches)))
    groups = [
        {"params": model.body.parameters(), "lr": recipe.body_rate},
        {"params": model.head.parameters(), "lr": recipe.head_rate},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=recipe.weight_decay)
    rates = [group["lr"] for group in optimizer.param_groups]
    epochs, step, began = recipe.epochs, 0, time.monotonic()
    epoch = 0
    while epoch < epochs:
        model.train()
        for batch, targets in batches:
            share = schedule(step / (epochs * len(batches)), recipe)
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * share
            train_step(model, optimizer, batch, targets, reading.job.device)
            step += 1
            if step == 1:
                began = time.monotonic()
            elif step == 1 + measured:
                each = (time.monotonic() - began) / measured
                epochs = affordable(each * len(batches), reading, clock, recipe)
        epoch += 1
        if clock.left() < 0:
            break
    return epoch


def train_step(
    model: Classifier, optimizer: torch.optim.Optimizer, batch: Tensor, targets: Tensor, device: str
) -> None:
    """One step of cross-entropy on one batch."""
    loss = nn.functional.cross_entropy(model(to_device(batch, device)), targets.to(device))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


def affordable(epoch_seconds: float, reading: Reading, clock: Clock, recipe: Recipe) -> int:
    """How many epochs the rest of the budget holds, keeping a third of an epoch's cost per test example."""
    share = len(reading.job.test_inputs) / len(reading.job.train_inputs)
    fitting = (clock.left() - epoch_seconds * share / 3) / epoch_seconds
    return max(1, min(recipe.epochs, math.floor(fitting)))


def schedule(progress: float, recipe: Recipe) -> float:
    """The share of the learning rate at `progress` in [0, 1]: linear warm-up, then cosine or linear to zero."""
    if progress < recipe.warm_up:
        return progress / recipe.warm_up
    rest = (progress - recipe.warm_up) / (1 - recipe.warm_up)
    return max(0.0, 1 - rest) if recipe.warm_up else 0.5 * (1 + math.cos(math.pi * min(1.0, rest)))


if __name__ == "__main__":
    run(full)
