"""Continued pretraining on a set's unlabelled train pictures: linear probes before and after, on its test split."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from dense_lines._asked import Asked, row
from lines._child import available

import headstart
from headstart.backbones import load
from headstart.core.results import Figure
from headstart.core.statistics import bootstrap_draws, percentile_interval
from pretrained._probe import SETS as PLACES
from pretrained._probe import right, said, split_of

WHAT, BACKBONE, MUST = "continued, pictures", "mobilenetv2_100", "> 0"

SETS = ("flowers", "vehicles", "chest_xray", "cifar10_mini")

SIDE, EPOCHS = 112, 1
"""Pixels of a crop's side, and epochs of at least 2,048 crops: two to three minutes of one core with nothing else to
do. Of epochs, so that what else runs does not decide how much is learnt."""

ENGINES = ("openvino", "channels_last")
"""That compute the features of the probes: the first that is installed."""


def measure(asked: Asked) -> Iterator[dict[str, Any]]:
    """Accuracy before and after, and the gain, paired over test pictures; of each set."""
    with asked.workplace() as folder:
        for name in asked.of(SETS):
            for seed in asked.seeds:
                yield from _pair(asked, name, seed, folder / f"{name}-{seed}")


def _pair(asked: Asked, name: str, seed: int, out: Path) -> Iterator[dict[str, Any]]:
    train, test = split_of(asked.data, name, "train"), split_of(asked.data, name, "test")
    engine = next(each for each in ENGINES if each in available("cpu"))
    pictures = asked.data / PLACES[name] / "train"
    made = headstart.pretrain(
        pictures, backbone=BACKBONE, out=out, size=SIDE, epochs=EPOCHS, budget="10h", seed=seed, quiet=True
    )
    networks = {"before": load(asked.backbones / BACKBONE), "after": load(out)}
    hits = {label: right(network, train, test, seed, engine) for label, network in networks.items()}
    for label, each in hits.items():
        yield row(WHAT, name, seed, f"accuracy, {label}", float(each.mean()))
    gain = gained(hits["after"], hits["before"])
    note = f"{said(gain)}; {made.method}, {made.crops:,} crops of {made.pictures:,} pictures, {made.seconds:.0f} s"
    yield row(WHAT, name, seed, "gain in accuracy", gain.value, MUST, note)


def gained(after: np.ndarray, before: np.ndarray) -> Figure:
    """How much more often a head is right `after` than `before`, (N,) bool each, with its paired 95 % interval."""
    difference = after.astype(float) - before.astype(float)
    draws = bootstrap_draws(len(difference))
    return percentile_interval(difference[draws].mean(axis=1), float(difference.mean()))
