"""Segmentation: against the same network from scratch, and against a plain loop over the same pretrained one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

import headstart
from dense_lines._asked import Asked, row
from dense_lines._split import Split, decoded, split
from headstart.backbones import load
from headstart.backbones.base import Backbone, Batch, collate
from headstart.core.placement import Placement
from headstart.core.results import Figures
from headstart.data.examples import Examples
from headstart.model.network import Network, new_network, suited
from headstart.tasks.base import Task

SETS = {
    "camvid": "sky building pole road pavement tree sign fence car pedestrian bicyclist void",
    "crackforest": "ground crack",
}
"""Set → the names of its classes, by the values of their pixels."""

SECONDS = 600.0
"""What each side may take where nothing else is asked."""

BACKBONE = "local/mobilenetv2_100"
BATCH, RATE, HEAD_RATE, DECAY = 8, 1e-4, 1e-3, 1e-4
"""The plain recipe: AdamW on all weights, cross-entropy, half of the pictures mirrored, rates falling linearly."""

TIMED = 3
"""Epochs that the time of one is the least of."""


def measure(asked: Asked) -> Iterator[dict[str, Any]]:
    """Rows of both sets."""
    with asked.workplace() as folder:
        for name in asked.of(SETS):
            source = _with_classes(asked.data / name, folder / name, SETS[name])
            for seed in asked.seeds:
                yield from _compared(name, source, seed, asked.seconds or SECONDS)
            yield from _epochs(name, source)


def _with_classes(source: Path, folder: Path, classes: str) -> Path:
    """The set beside a file of its classes."""
    folder.mkdir()
    for part in source.iterdir():
        if part.is_dir():
            (folder / part.name).symlink_to(part, target_is_directory=True)
    (folder / "classes.txt").write_text("\n".join(classes.split()) + "\n")
    return folder


def _compared(name: str, source: Path, seed: int, seconds: float) -> Iterator[dict[str, Any]]:
    began = time.perf_counter()
    model = headstart.fit(source, backbone=BACKBONE, budget=seconds, seed=seed, quiet=True)
    took = time.perf_counter() - began
    ours = model.result.test
    if ours is None:
        raise RuntimeError(f"{name} has no test split")
    world = _World(split(source))
    others = {
        "the plain recipe": world.trained(load(BACKBONE), took, seed),
        "the same from scratch": world.trained(_forgotten(load(BACKBONE), seed), took, seed),
    }
    for figure in ("miou", "dice"):
        yield row("headstart", name, seed, figure, ours[figure].value, "", f"{took:.0f} s, {model.result.chosen}")
        for other, figures in others.items():
            note = f"{other} {figures[figure].value:.3f}"
            gained = ours[figure].value - figures[figure].value
            yield row(f"headstart minus {other}", name, seed, figure, gained, "> 0", note)


class _World:
    """A plain loop over all of a set that is not for the test."""

    def __init__(self, data: Split) -> None:
        self.train, self.test, self.task, self.data = data.train, data.test, data.task, data

    def trained(self, backbone: Backbone, seconds: float, seed: int) -> Figures:
        """The test figures of `backbone` under a new decoder, all trained together for so long."""
        torch.manual_seed(seed)
        network = new_network(suited(backbone, self.task), self.task).train()
        truth = self.data.learnt
        optimizer = torch.optim.AdamW(
            [
                {"params": network.backbone.parameters(), "lr": RATE, "peak": RATE},
                {"params": network.head.parameters(), "lr": HEAD_RATE, "peak": HEAD_RATE},
            ],
            weight_decay=DECAY,
        )
        random, began = np.random.default_rng(seed), time.perf_counter()
        while (gone := (time.perf_counter() - began) / seconds) < 1:
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * (1 - gone)
            rows = random.choice(len(self.train), BATCH, replace=False)
            pixels, masks = _mirrored(_pixels(network, self.train, rows), truth[rows], self.task, random)
            outputs = functional.interpolate(network({"pixels": pixels}), size=masks.shape[1:], mode="bilinear")
            loss = functional.cross_entropy(outputs, masks.long(), ignore_index=255)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return self._judged(network.eval())

    @torch.no_grad()
    def _judged(self, network: Network) -> Figures:
        parts = [range(start, min(start + BATCH, len(self.test))) for start in range(0, len(self.test), BATCH)]
        kept = [self.task.kept(network({"pixels": _pixels(network, self.test, part)})) for part in parts]
        return self.task.metrics(torch.cat(kept), self.data.asked)


def _pixels(network: Network, examples: Examples, rows: Any) -> Tensor:
    batch: Batch = collate([network.backbone.preprocess(decoded(examples, number)) for number in rows])
    return batch["pixels"]


def _mirrored(pixels: Tensor, masks: Tensor, task: Task, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    turned = random.random(len(pixels)) < 0.5
    placements = [Placement(mirrored=bool(each)) for each in turned]
    flipped = torch.where(torch.from_numpy(turned)[:, None, None, None], pixels.flip(3), pixels)
    return flipped, task.placed(masks, placements)


def _forgotten(backbone: Backbone, seed: int) -> Backbone:
    """The same architecture with random weights."""
    torch.manual_seed(seed)
    for module in backbone.modules():
        if callable(reset := getattr(module, "reset_parameters", None)):
            reset()
    return backbone


def _epochs(name: str, source: Path) -> Iterator[dict[str, Any]]:
    """An epoch of the decoder on stored maps against one that runs the frozen network again."""
    world = _World(split(source))
    network = new_network(suited(load(BACKBONE), world.task), world.task)
    network.backbone.requires_grad_(False).eval()
    maps = _stored(network, world.train)
    truth = world.data.learnt
    optimizer = torch.optim.AdamW(network.head.parameters(), HEAD_RATE)

    def epoch(read: Any) -> float:
        began = time.perf_counter()
        for start in range(0, len(world.train), BATCH):
            rows = range(start, min(start + BATCH, len(world.train)))
            optimizer.zero_grad()
            world.task.loss(network.head(read(rows)), truth[list(rows)]).backward()
            optimizer.step()
        return time.perf_counter() - began

    def again(rows: range) -> Batch:
        with torch.no_grad():
            return network.backbone.maps({"pixels": _pixels(network, world.train, rows)}, network.maps)

    def stored(rows: range) -> Batch:
        return {each: values[list(rows)].float() for each, values in maps.items()}

    times = [(epoch(stored), epoch(again)) for _ in range(TIMED)]
    ratio = min(kept for kept, _ in times) / min(run for _, run in times)
    yield row("an epoch, frontier stored / not stored", name, 0, "seconds ratio", ratio, "<= 0.4")


@torch.no_grad()
def _stored(network: Network, examples: Examples) -> Batch:
    parts = [range(start, min(start + BATCH, len(examples))) for start in range(0, len(examples), BATCH)]
    found = [network.backbone.maps({"pixels": _pixels(network, examples, part)}, network.maps) for part in parts]
    return {name: torch.cat([each[name] for each in found]).half() for name in network.maps}
