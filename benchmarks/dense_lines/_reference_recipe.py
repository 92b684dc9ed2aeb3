"""The recipe of torchvision's references/detection, laid over a time instead of 26 epochs."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.transforms.functional import pil_to_tensor

from dense_lines._reference_detectors import MOST, learning
from dense_lines._split import Split, decoded
from headstart.core.boxes import Boxes
from headstart.data.examples import Examples
from headstart.tasks.shapes.box_encoding import FOUND_LABEL, SCORE

RATE, BATCH = 0.01, 8
"""SGD's rate of a batch: half of the 0.02 for 16 pictures."""

MOMENTUM, DECAY = 0.9, 5e-4
WARMING, STEPS, FALL = 1 / 26, (16 / 26, 22 / 26), 0.1
"""The first of 26 epochs warms up linearly, from a thousandth on; after 16 and 22 of them the rate falls."""

LEAST = 1e-3

Shown = tuple[list[Tensor], list[dict[str, Tensor]]]
"""Pictures, and what is marked in each, as torchvision's detectors take them."""


def rate_at(gone: float) -> float:
    """The factor of the rate when a share `gone` of the time has passed."""
    warm = min(1.0, LEAST + (1 - LEAST) * gone / WARMING)
    return warm * FALL ** sum(gone >= step for step in STEPS)


def train(model: nn.Module, data: Split, seconds: float, seed: int) -> int:
    """Train all of `model` for so long; how many steps that were.

    Raises
    ------
    RuntimeError : the loss is no number any more.
    """
    moving = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(moving, RATE, MOMENTUM, weight_decay=DECAY)
    batches, steps, began = _batches(data, seed), 0, time.perf_counter()
    learning(model)
    while (gone := (time.perf_counter() - began) / seconds) < 1:
        for group in optimizer.param_groups:
            group["lr"] = RATE * rate_at(gone)
        _step(model, optimizer, next(batches))
        steps += 1
    return steps


def _step(model: nn.Module, optimizer: torch.optim.Optimizer, batch: Shown) -> None:
    loss = torch.stack(list(model(*batch).values())).sum()
    if not math.isfinite(said := float(loss.detach())):
        raise RuntimeError(f"torchvision's recipe: the loss of a step is {said}")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def _batches(data: Split, seed: int) -> Iterator[Shown]:
    """Pictures and what is marked in them, epoch after epoch, each time in a new order."""
    random = np.random.default_rng(seed)
    while True:
        order = random.permutation(len(data.train))
        for start in range(0, len(order), BATCH):
            shown = [_shown(data, int(number), random) for number in order[start : start + BATCH]]
            yield [pixels for pixels, _ in shown], [marked for _, marked in shown]


def _shown(data: Split, number: int, random: np.random.Generator) -> tuple[Tensor, dict[str, Tensor]]:
    """A picture and its boxes, half of the time mirrored."""
    pixels, boxes = _pixels(data.train, number), (data.train.targets or [])[number]
    marked = _marked(boxes, data.task.labels)
    if random.random() < 0.5:
        pixels, width = pixels.flip(2), pixels.shape[2]
        left, top, right, bottom = marked["boxes"].unbind(1)
        marked["boxes"] = torch.stack([width - right, top, width - left, bottom], dim=1)
    return pixels, marked


def _pixels(examples: Examples, number: int) -> Tensor:
    """(3, H, W) from 0 to 1."""
    return pil_to_tensor(decoded(examples, number).convert("RGB")).float() / 255


def _marked(boxes: Boxes, labels: list[str]) -> dict[str, Tensor]:
    """What torchvision asks for: edges (M, 4) in pixels, and classes from 1 on; crowds are left out."""
    asked = [box for box in boxes if not box.crowd]
    edges = torch.tensor([box.corners for box in asked], dtype=torch.float32).reshape(-1, 4)
    return {"boxes": edges, "labels": torch.tensor([labels.index(box.label) + 1 for box in asked], dtype=torch.int64)}


@torch.no_grad()
def found_by(model: nn.Module, examples: Examples) -> Tensor:
    """What the trained `model` finds, as headstart keeps it: (N, K, 6) edges as shares, score, class; -1 for none."""
    model.eval()
    return torch.stack([_kept(model, _pixels(examples, number)) for number in range(len(examples))])


def _kept(model: nn.Module, pixels: Tensor) -> Tensor:
    (found,) = model([pixels])
    size = torch.tensor([pixels.shape[2], pixels.shape[1]] * 2)
    kept, count = torch.zeros(MOST, FOUND_LABEL + 1), min(MOST, len(found["scores"]))
    kept[:, FOUND_LABEL] = -1
    kept[:count, :SCORE] = (found["boxes"] / size)[:count]
    kept[:count, SCORE], kept[:count, FOUND_LABEL] = found["scores"][:count], found["labels"][:count].float() - 1
    return kept
