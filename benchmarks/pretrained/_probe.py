"""Linear probes: a head on a network's last features, learnt on the train split and judged once on the test split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from lines._child import Decoder, prepared
from sets import PICTURES, Split
from torch import Tensor

from headstart.backbones.base import Backbone
from headstart.core.results import Figure
from headstart.core.statistics import bootstrap_draws, percentile_interval
from headstart.frozen.frontier import AtDepths
from headstart.strategies._linear_head import fit_linear_head
from headstart.tasks import TASKS

AT_ONCE = 8

SETS = {
    "flowers": "flowers",
    "vehicles": "vehicles",
    "cifar10_mini": "cifar10_mini",
    "chest_xray": "chest_xray",
    "pacs_photo": "pacs_photo_sketch/photo",
}
"""Folders that hold ``train`` and ``test`` with a folder for each class."""


def split_of(data: Path, name: str, which: str) -> Split:
    """The pictures of a set's ``train`` or ``test``, with the names of their folders.

    Raises
    ------
    FileNotFoundError : there are none.
    """
    folder = data / SETS[name] / which
    paths = sorted(path for path in folder.glob("*/*") if path.suffix.lower() in PICTURES)
    if not paths:
        raise FileNotFoundError(f"{folder}: no pictures; --data names the folder that holds the sets")
    return Split([str(path) for path in paths], [path.parent.name for path in paths])


def right(backbone: Backbone, train: Split, test: Split, seed: int, engine: str) -> np.ndarray:
    """For each test example whether the head on `backbone` is right, (N,) bool; `engine` computes the features."""
    task = TASKS.load("classification").from_targets(train.labels)
    encoded = task.encode(train.labels)
    learnt, judged = (features(backbone, split.inputs, engine) for split in (train, test))
    head = fit_linear_head(task, learnt, encoded, torch.ones(len(encoded)), seed)
    outputs = judged @ head.weight.T + head.bias
    return (outputs.argmax(dim=1) == task.encode(test.labels)).numpy()


def features(backbone: Backbone, paths: Sequence[str], engine: str) -> Tensor:
    """The last features (N, D)."""
    found, ready = [], None
    for batch in Decoder(backbone).batches(paths, AT_ONCE):
        ready = ready or prepared(engine, AtDepths(backbone).eval(), batch, "cpu")
        found.append(list(ready.run(batch).values())[-1].clone())
    return torch.cat(found)[: len(paths)]


def shares(random: np.ndarray, student: np.ndarray, teacher: np.ndarray) -> tuple[float, np.ndarray]:
    """How far the student is on the way from random weights to its teacher, by accuracy; and on resamples (B,).

    Each argument says for N examples whether that network's head is right. NaN where the teacher is no better.
    """
    draws = bootstrap_draws(len(student))
    begun, came, wanted = (each.astype(float)[draws].mean(axis=1) for each in (random, student, teacher))
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = np.where(wanted > begun, (came - begun) / (wanted - begun), np.nan)
    way = float(teacher.mean() - random.mean())
    return (float(student.mean() - random.mean()) / way if way > 0 else float("nan")), drawn


def said(figure: Figure) -> str:
    """``[0.512, 0.633]``."""
    return f"[{figure.low:.3f}, {figure.high:.3f}]"


def with_interval(value: float, drawn: np.ndarray) -> str:
    """The interval that resampled values (B,) give a value."""
    return said(percentile_interval(drawn, value))
