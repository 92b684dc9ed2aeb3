"""Detection: against torchvision's own detectors, trained by the recipe of its references."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import nn

import headstart
from dense_lines import _by_coco
from dense_lines._asked import Asked, among, row
from dense_lines._over_seeds import OverSeeds
from dense_lines._reference_detectors import new_fcos, pretrained_ssd
from dense_lines._reference_recipe import found_by, train
from dense_lines._split import Split, split
from headstart.backbones import load
from headstart.backbones.base import Backbone
from headstart.core.results import Figure, Figures
from headstart.tasks.base import Task

SETS = ("raccoon", "bccd_blood_cells")
SECONDS = 1200.0
"""What each side may take."""

FIGURES = ("map", "map50")
AGREED = "<= 1e-6"

Reference = Callable[[Backbone, Task], nn.Module]

STARTS: Mapping[str, tuple[str, Reference]] = {
    "SSD": ("local/ssd300_mobilenetv1_075_coco", pretrained_ssd),
    "new head": ("local/mobilenetv2_100", new_fcos),
}
"""What both sides start from, and the detector of torchvision's that is made of it for a task."""


def measure(asked: Asked) -> Iterator[dict[str, Any]]:
    """Rows of each set and start, and the means over several seeds."""
    gains = OverSeeds(len(asked.seeds))
    for name, data, seed, start in cases(asked):
        yield from _against_torchvision(asked, name, data, start, seed, gains)
    yield from gains.means()


def cases(asked: Asked) -> Iterator[tuple[str, Split, int, str]]:
    """(set, its examples, seed, start), one after the other, in one workplace."""
    with asked.workplace():
        for name in asked.of(SETS):
            data = split(asked.data / name)
            for seed in asked.seeds:
                for start in among(STARTS, asked.starts):
                    yield name, data, seed, start


def _against_torchvision(
    asked: Asked, name: str, data: Split, start: str, seed: int, gains: OverSeeds
) -> Iterator[dict[str, Any]]:
    budget, began = asked.seconds or SECONDS, time.perf_counter()
    model = headstart.fit(
        asked.data / name, backbone=STARTS[start][0], budget=budget, seed=seed, store=False, quiet=True
    )
    took = time.perf_counter() - began
    theirs, disagreement, steps = _reference(data, start, took, seed)
    label, ours = f"{name}, {start}", model.result.test or {}
    for figure in FIGURES:
        note = _note(ours[figure], f"{took:.0f} s, {model.result.chosen}")
        yield row("headstart", label, seed, figure, ours[figure].value, "", note)
        note = _note(theirs[figure], f"{took:.0f} s, {steps} steps")
        yield row("torchvision's recipe", label, seed, figure, theirs[figure].value, "", note)
        gained = ours[figure].value - theirs[figure].value
        yield gains.row("headstart minus torchvision's recipe", label, seed, figure, gained, "> 0")
    if disagreement is not None:
        yield row("our figures from pycocotools'", label, seed, "largest difference", disagreement, AGREED)


def _note(figure: Figure, more: str) -> str:
    return f"[{figure.low:.3f}, {figure.high:.3f}], {more}"


def _reference(data: Split, start: str, seconds: float, seed: int) -> tuple[Figures, float | None, int]:
    """The test figures of torchvision's recipe, how far pycocotools' are from them, and the steps there was time for.

    None where pycocotools is not installed.
    """
    torch.manual_seed(seed)
    backbone, made = STARTS[start]
    model = made(load(backbone), data.task)
    steps = train(model, data, seconds, seed)
    found = found_by(model, data.test)
    figures = data.task.metrics(found, data.asked)
    if not _by_coco.installed():
        return figures, None, steps
    said = _by_coco.judged(found, data.asked, len(data.task.labels))
    return figures, max(abs(figures[name].value - value) for name, value in said.items()), steps
