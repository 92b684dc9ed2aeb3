"""Thresholds that reach a wanted sensitivity or specificity on held-out examples, and what they do on the test."""

from __future__ import annotations

import torch
from torch import Tensor

from headstart.core.by_class import ByClass, Wanted
from headstart.core.progress import Progress
from headstart.core.spec import FitSpec
from headstart.tasks.base import Task

SHOWN = 6
"""Classes."""


def check_wanted(task: Task, spec: FitSpec) -> None:
    """That `task` has operating points, where a figure is wanted of them.

    Raises
    ------
    UsageError : it has none.
    """
    if spec.wanted is not None:
        task.operating_points(torch.zeros(0, task.outputs), task.encode([]), spec.wanted)


def wanted_points(task: Task, outputs: Tensor, encoded: Tensor, wanted: Wanted | None) -> dict[str, float]:
    """What the calibration is to hold beside Youden's thresholds; nothing where none is `wanted`."""
    return {} if wanted is None else task.operating_points(outputs, encoded, wanted)


def say_points(by_class: ByClass | None, wanted: Wanted | None, progress: Progress) -> None:
    """The operating points of a few classes, with their intervals on the test."""
    points = (by_class or {}).get("operating_point", {})
    for label, point in list(points.items())[: SHOWN if wanted else 0]:
        figures = [
            f"{name} {value:.3f} ({low:.3f} to {high:.3f})"
            for name, (value, low, high) in ((name, point[name]) for name in ("sensitivity", "specificity"))
        ]
        taken = f"  {label}, taken from a probability of {point['threshold']:.3f} on"
        progress.say(f"{taken}: on the test {', '.join(figures)}")
